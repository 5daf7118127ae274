"""The reviewed files of the configuration folder."""

from functools import cached_property
from pathlib import Path

import dagster as dg
from pydantic import Field

from trading_pipeline.adapters.parameters.research import ResearchedStrategy, researched_strategy
from trading_pipeline.adapters.parameters.risk import load_risk
from trading_pipeline.adapters.parameters.strategies import load_strategies
from trading_pipeline.adapters.parameters.universe import load_universe
from trading_pipeline.domain.model.universe import Universe
from trading_pipeline.domain.risk.limits import RiskLimits
from trading_pipeline.domain.strategies.framework.plan import StrategyConfig


class Parameters(dg.ConfigurableResource["Parameters"]):
    """Each file is read once a run or tick: all of it decides alike, and a corrected file counts from the next on."""

    config_dir: str = Field(description="folder with universe.yaml, risk.yaml, costs.yaml and strategies/")

    @cached_property
    def universe(self) -> Universe:
        """Instruments, timeframes and the start of history, a day in UTC."""
        return load_universe(Path(self.config_dir))

    @cached_property
    def risk(self) -> RiskLimits:
        """Limits as the file has them, by which plans are made; the gate asks ``limits_in_force``."""
        return load_risk(Path(self.config_dir))

    @cached_property
    def strategies(self) -> list[StrategyConfig]:
        """The enabled strategies."""
        return load_strategies(Path(self.config_dir))

    def configured(self, name: str) -> ResearchedStrategy:
        """The strategy of that name as its file has it, enabled or not."""
        return researched_strategy(Path(self.config_dir), name, {})

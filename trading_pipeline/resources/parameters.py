"""The reviewed files of the configuration folder."""

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
    """Read at each use, so that a corrected file counts from the next run on."""

    config_dir: str = Field(description="folder with universe.yaml, risk.yaml, costs.yaml and strategies/")

    @property
    def universe(self) -> Universe:
        """Instruments, timeframes and the start of history."""
        return load_universe(Path(self.config_dir))

    @property
    def risk(self) -> RiskLimits:
        """Limits of the gate."""
        return load_risk(Path(self.config_dir))

    @property
    def strategies(self) -> list[StrategyConfig]:
        """The enabled strategies."""
        return load_strategies(Path(self.config_dir))

    def configured(self, name: str) -> ResearchedStrategy:
        """The strategy of that name as its file has it, enabled or not."""
        return researched_strategy(Path(self.config_dir), name, {})

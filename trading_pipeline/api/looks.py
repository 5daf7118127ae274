"""What is looked at that is no plain list: how the system stands, coverage, strategies."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from trading_pipeline.adapters.stores.operations.system_overview import SystemOverview, system_overview
from trading_pipeline.adapters.stores.reading.coverage import coverage
from trading_pipeline.domain.model.coverage import DayCoverage
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe, day_of

_MOST_DAYS = 400


@dataclass(frozen=True, slots=True)
class ParameterShown:
    """A parameter: its default, and what it may be, in words."""

    name: str
    default: str
    allowed: str


@dataclass(frozen=True, slots=True)
class StrategyShown:
    """A strategy that can be asked.

    :param configured: whether a file of the configuration runs it.
    """

    name: str
    configured: bool
    warmup_bars: int
    parameters: tuple[ParameterShown, ...]


@dataclass(frozen=True, slots=True)
class Looks:
    """Reads of the database and of the configuration folder."""

    engine: Engine
    config_dir: Path

    def status(self) -> SystemOverview:
        """How the system stands, as `trading-pipeline status` says it."""
        return system_overview(self.engine)

    def coverage(
        self, instrument_id: InstrumentId, timeframe: Timeframe, since: datetime, until: datetime
    ) -> list[DayCoverage]:
        """How many bars each day has.

        :raises ConfigurationError: the span is empty or longer than 400 days.
        """
        first, end = day_of(since), day_of(until)
        if not timedelta(0) < end - first <= timedelta(days=_MOST_DAYS):
            raise ConfigurationError(f"coverage of 1 to {_MOST_DAYS} whole days, not of {since} to {until}")
        return coverage(self.engine, instrument_id, timeframe, first, end)

    def strategies(self) -> Sequence[StrategyShown]:
        """Every strategy with its parameters."""
        # Strategies bring pandas, which is a third of the process: loaded by whoever asks.
        from trading_pipeline.adapters.parameters.strategies import configured_names
        from trading_pipeline.adapters.parameters.strategy_files import available_strategies, find_strategy

        configured = set(configured_names(self.config_dir))
        shown = []
        for name in available_strategies(self.config_dir):
            strategy = find_strategy(self.config_dir, name, {})
            parameters = tuple(
                ParameterShown(
                    one.name, str(getattr(strategy.parameters, one.name)), strategy.parameters.allowed(one.name)
                )
                for one in fields(strategy.parameters)
            )
            shown.append(StrategyShown(name, name in configured, strategy.warmup_bars, parameters))
        return shown

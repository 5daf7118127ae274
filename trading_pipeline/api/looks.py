"""What is looked at that is no plain list: how the system stands, strategies."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from trading_pipeline.adapters.stores.execution.risk_store import PostgresHaltRegister
from trading_pipeline.adapters.stores.operations.system_overview import SystemOverview, system_overview
from trading_pipeline.adapters.stores.reading.day_result import DayResult, day_result
from trading_pipeline.adapters.stores.reading.day_risk import DayRisk, day_risk
from trading_pipeline.api.market_looks import MarketLooks
from trading_pipeline.api.strategies_shown import StrategyShown, strategies_shown
from trading_pipeline.domain.model.halts import Halt
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.settings import Settings

_PUBLIC = frozenset(
    {
        "TRADING_MODE",
        "TRADING_LOG_LEVEL",
        "TRADING_KEEP_RUNS_DAYS",
        "TRADING_KEEP_ORDER_RUNS_DAYS",
        "TRADING_KEEP_QUIET_RUNS_HOURS",
        "TRADING_KEEP_NOTIFICATIONS_DAYS",
        "TRADING_CODE_VERSION",
        "TRADING_API_HOST",
        "TRADING_API_PORT",
    }
)


@dataclass(frozen=True, slots=True)
class Looks:
    """Reads of the database and of the configuration folder."""

    engine: Engine
    settings: Settings

    def halts(self) -> Sequence[Halt]:
        """Those that stand."""
        return PostgresHaltRegister(self.engine).halts()

    def day(self, instrument_id: InstrumentId, day: datetime) -> DayResult:
        """What a UTC day brought in an instrument."""
        return day_result(self.engine, instrument_id, day)

    def risk(self, day: datetime) -> Sequence[DayRisk]:
        """How each account stood on a UTC day, the deepest fall first."""
        return day_risk(self.engine, day)

    def public_settings(self) -> dict[str, str]:
        """Settings of the process by their variables: such as are listed here, so that a new one is hidden at first."""
        return {name: value for name, value in self.settings.variables().items() if name in _PUBLIC}

    def status(self) -> SystemOverview:
        """How the system stands, as `trading-pipeline status` says it."""
        return system_overview(self.engine)

    @property
    def markets(self) -> MarketLooks:
        """Reads of stored bars."""
        return MarketLooks(self.engine)

    def strategies(self) -> Sequence[StrategyShown]:
        """Every strategy with its parameters."""
        return strategies_shown(self.settings.config_dir)

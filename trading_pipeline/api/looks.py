"""What is looked at that is no plain list: how the system stands, coverage, strategies."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine

from trading_pipeline.adapters.stores.execution.risk_store import PostgresHaltRegister
from trading_pipeline.adapters.stores.market_data.bar_store import PostgresBarStore
from trading_pipeline.adapters.stores.market_data.raw_bar_store import PostgresRawBarStore
from trading_pipeline.adapters.stores.operations.system_overview import SystemOverview, system_overview
from trading_pipeline.adapters.stores.reading.coverage import coverage
from trading_pipeline.adapters.stores.reading.day_result import DayResult, day_result
from trading_pipeline.adapters.stores.reading.day_risk import DayRisk, day_risk
from trading_pipeline.adapters.stores.reading.turnover import DayTurnover, most_traded
from trading_pipeline.api.strategies_shown import StrategyShown, strategies_shown
from trading_pipeline.domain.indicators.daily_volatility import DailyVolatility
from trading_pipeline.domain.model.coverage import DayCoverage
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.halts import Halt
from trading_pipeline.domain.model.holes import Outage
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe, day_of
from trading_pipeline.services.market_data.list_outages import list_outages
from trading_pipeline.services.market_data.volatility_of import volatility_of
from trading_pipeline.settings import Settings

_MOST_DAYS = 400
_PUBLIC = frozenset(
    {
        "TRADING_MODE",
        "TRADING_LOG_LEVEL",
        "TRADING_KEEP_RUNS_DAYS",
        "TRADING_KEEP_ORDER_RUNS_DAYS",
        "TRADING_KEEP_QUIET_RUNS_HOURS",
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

    def outages(self, instrument_ids: Sequence[InstrumentId], timeframes: Sequence[Timeframe]) -> Sequence[Outage]:
        """What the venue has lost, the newest first."""
        return list_outages(PostgresRawBarStore(self.engine), instrument_ids, timeframes)

    def volatility(self, instrument_id: InstrumentId, days: int) -> DailyVolatility:
        """How much an instrument moved in its newest days.

        :raises DataError: too few daily bars are stored to say.
        """
        return volatility_of(PostgresBarStore(self.engine), instrument_id, days)

    def most_traded(self, timeframe: Timeframe, most: int) -> Sequence[DayTurnover]:
        """By the turnover of 24 hours."""
        return most_traded(self.engine, timeframe, most)

    def strategies(self) -> Sequence[StrategyShown]:
        """Every strategy with its parameters."""
        return strategies_shown(self.settings.config_dir)

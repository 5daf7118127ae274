"""What is looked at of stored bars: their coverage, what the venue has lost, how much markets move and are traded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from trading_pipeline.adapters.stores.market_data.raw_bar_store import PostgresRawBarStore
from trading_pipeline.adapters.stores.reading.coverage import coverage
from trading_pipeline.adapters.stores.reading.turnover import DayTurnover, most_traded
from trading_pipeline.domain.model.coverage import DayCoverage
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.holes import Outage
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe, day_of
from trading_pipeline.services.market_data.list_outages import list_outages

if TYPE_CHECKING:
    from trading_pipeline.domain.indicators.daily_volatility import DailyVolatility

_MOST_DAYS = 400


@dataclass(frozen=True, slots=True)
class MarketLooks:
    """Reads of the database."""

    engine: Engine

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

    def volatility(self, instrument_id: InstrumentId, days: int) -> "DailyVolatility":
        """How much an instrument moved in its newest days.

        :raises DataError: too few daily bars are stored to say.
        """
        # Here alone, as histories do: from the first question on the API holds the 90 MB of pandas.
        from trading_pipeline.adapters.stores.market_data.bar_store import PostgresBarStore
        from trading_pipeline.services.market_data.volatility_of import volatility_of

        return volatility_of(PostgresBarStore(self.engine), instrument_id, days)

    def most_traded(self, timeframe: Timeframe, most: int) -> Sequence[DayTurnover]:
        """By the turnover of 24 hours."""
        return most_traded(self.engine, timeframe, most)

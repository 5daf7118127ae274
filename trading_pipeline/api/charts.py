"""Candles for charts: the newest in memory, asked of the venue once for everybody; older ones as they are stored."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from threading import Lock
from typing import Any

from trading_pipeline.adapters.venues.catalog import venue_named
from trading_pipeline.adapters.venues.venue_clock import VenueClock
from trading_pipeline.domain.model.bars import OHLCV, Bar
from trading_pipeline.domain.model.candles import Candle, interval_named
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.records import MOST_RECORDS, RecordQuestion
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.model.universe import Universe
from trading_pipeline.ports.stores.operations.record_reader import RecordReader
from trading_pipeline.ports.venue.clock import Clock
from trading_pipeline.ports.venue.market_data import MarketData
from trading_pipeline.services.market_data.multi_timeframe import multi_timeframe, published_timeframe
from trading_pipeline.services.market_data.working_set import WorkingSet
from trading_pipeline.services.operations.read_records import list_records
from trading_pipeline.settings import Settings

_CLOCK_AGE_S = 0.5
"""A clock that jumps is asked so often: at every look at a chart in memory would cost more than the look."""
Market = Callable[[], tuple[MarketData, Clock]]


def market_of(universe: Universe, settings: Settings) -> tuple[MarketData, Clock]:
    """Bars and time of the universe's venue; nothing is asked yet.

    :raises ConfigurationError: the mode lacks an address.
    """
    market_data = venue_named(universe.venue, settings).market_data()
    return market_data, VenueClock(market_data, _CLOCK_AGE_S)


class Charts:
    """One working set a process; the venue's code is loaded by whoever looks at a chart first."""

    def __init__(self, reader: RecordReader, universe: Universe, market: Market) -> None:
        """:param market: called once."""
        self._reader, self._universe, self._market = reader, universe, market
        self._working: WorkingSet | None = None
        self._lock = Lock()

    def newest(self, instrument_id: InstrumentId, interval: str, load_limit: int) -> list[Candle]:
        """At most 500 closed candles, ascending.

        :raises ConfigurationError: no bars of the interval are kept.
        :raises VenueError: there are none in memory and the venue does not answer.
        """
        timeframe = published_timeframe(interval_named(interval))
        return self._set().candles(instrument_id, timeframe, load_limit)

    def several(
        self, instrument_id: InstrumentId, intervals: Sequence[str], base: str, load_limit: int, *, aligned: bool
    ) -> dict[str, list[Candle]]:
        """See ``multi_timeframe``."""
        return multi_timeframe(
            self._set(),
            instrument_id,
            intervals,
            base=base,
            aligned=aligned,
            load_limit=load_limit,
            stored=self._stored,
        )

    def _heard(self, instrument_id: InstrumentId, timeframe: Timeframe, since: datetime) -> list[Bar]:
        """What the feed has stored."""
        filters = {"instrument_id": instrument_id, "timeframe": timeframe}
        question = RecordQuestion("bars", filters, since=since, newest_first=False)
        page = list_records(reader=self._reader, universe=self._universe, question=question)
        return [_bar(dict(record)) for record in page.items]

    def _stored(self, instrument_id: InstrumentId, timeframe: Timeframe, count: int) -> list[Candle]:
        """The newest so many, ascending."""
        filters = {"instrument_id": instrument_id, "timeframe": timeframe}
        found: list[Candle] = []
        cursor: str | None = ""
        while cursor is not None and len(found) < count:
            question = RecordQuestion("bars", filters, limit=min(MOST_RECORDS, count - len(found)))
            page = list_records(reader=self._reader, universe=self._universe, question=question, cursor=cursor)
            found += [Candle.of(_bar(dict(record))) for record in page.items]
            cursor = page.next_cursor
        return found[::-1]

    def _set(self) -> WorkingSet:
        with self._lock:
            if self._working is None:
                market_data, clock = self._market()
                self._working = WorkingSet(market_data, clock, time.monotonic, heard=self._heard)
            return self._working


def _bar(record: dict[str, Any]) -> Bar:
    numbers = {name: record[name] for name in (*OHLCV, "turnover")}
    return Bar(InstrumentId(record["instrument_id"]), Timeframe(record["timeframe"]), record["open_time"], **numbers)

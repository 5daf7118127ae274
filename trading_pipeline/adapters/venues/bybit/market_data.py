"""Market data over REST: public, but for the fees of an account."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

import structlog

from trading_pipeline.adapters.venues.bybit import capabilities, parse
from trading_pipeline.adapters.venues.bybit.client import Answer, BybitClient
from trading_pipeline.adapters.venues.bybit.payload import Row, entries, rows, text
from trading_pipeline.adapters.venues.bybit.symbols import interval
from trading_pipeline.domain.model.bars import Bar
from trading_pipeline.domain.model.books import OrderBook
from trading_pipeline.domain.model.errors import DataError, TemporaryVenueError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.instruments import Instrument
from trading_pipeline.domain.model.timeframes import EPOCH, Timeframe, to_ms
from trading_pipeline.ports.venue.market_data import LiveMarket, MarketData

if TYPE_CHECKING:
    from trading_pipeline.domain.model.written_bars import WrittenBars

T = TypeVar("T")
_log = structlog.get_logger(__name__)


class BybitMarketData(MarketData, LiveMarket):
    """Klines, instruments, the venue's clock, and the present book and funding time."""

    def __init__(self, client: BybitClient) -> None:
        """Read through ``client``, whose key is needed for nothing but the fees of its account."""
        self._client = client
        self._heard_time = EPOCH

    def server_time(self) -> datetime:
        """The venue's clock, to the microsecond."""
        return self._client.server_time()

    def bars(self, instrument_id: InstrumentId, timeframe: Timeframe, start: datetime, end: datetime) -> list[Bar]:
        """Closed bars opening in ``[start, end)``, oldest first.

        The range is cut into windows of at most 1,000 open times, so that no row depends on a
        cursor and none can fall between two pages. The clock is read before the rows: a bar that
        had closed by then is final in every row read later.
        """
        symbol, now, bars = instrument_id.symbol, self.server_time(), list[Bar]()
        for opens, stop in _windows(timeframe, start, min(end, now)):
            page = self._klines(
                instrument_id,
                timeframe,
                (opens, stop),
                lambda answer: [parse.kline(symbol, timeframe, row) for row in entries(answer.result, "list")],
            )
            # newest first, the forming bar among them
            bars += [bar for bar in reversed(page) if opens <= bar.open_time < stop and bar.close_time <= now]
        return bars

    def written_bars(
        self, instrument_id: InstrumentId, timeframe: Timeframe, start: datetime, end: datetime
    ) -> "WrittenBars":
        """The same windows, with the venue's own digits."""
        # here, as processes that hear bars one by one do without numpy
        import numpy as np

        from trading_pipeline.adapters.venues.bybit.kline_pages import klines
        from trading_pipeline.domain.model.written_bars import WrittenBars

        # An earlier time of the venue's does as well: what had closed by then is final for good.
        if self._heard_time < end:
            self._heard_time = self.server_time()
        now, pages = self._heard_time, [WrittenBars(instrument_id, timeframe, np.empty(0, np.int64), [])]
        # a bar that opens later still forms
        closed_ms = to_ms(now) - timeframe.ms + 1
        for opens, stop in _windows(timeframe, start, min(end, now)):
            page = self._klines(
                instrument_id,
                timeframe,
                (opens, stop),
                lambda answer: klines(instrument_id, timeframe, entries(answer.result, "list")),
            )
            pages.append(page.between(to_ms(opens), min(to_ms(stop), closed_ms)))
        return WrittenBars.joined(pages)

    def _klines(
        self,
        instrument_id: InstrumentId,
        timeframe: Timeframe,
        window: tuple[datetime, datetime],
        read: Callable[[Answer], T],
    ) -> T:
        """One page of market/kline: bars opening in ``[window[0], window[1])``, at most 1,000."""
        return self._client.read(
            self._client.http.get_kline,
            read,
            category=capabilities.CATEGORY,
            symbol=instrument_id.symbol,
            interval=interval(timeframe),
            start=to_ms(window[0]),
            # The venue counts both ends in.
            end=to_ms(window[1]) - 1,
            limit=capabilities.KLINE_LIMIT,
        )

    def instruments(self) -> dict[InstrumentId, Instrument]:
        """Every linear perpetual that is listed and settles in USDT, by identity.

        Fees are those of the account behind the key, by ``/v5/account/fee-rate``. Without a key, and of what that
        leaves out, they are those of the base tier, which the venue publishes for everybody. A row that cannot be read
        is left out and logged: its instrument counts as not listed, the others are traded.

        :raises TemporaryVenueError: none of them can be read, so that it is the list and no row that is odd.
        """
        fees = self._account_fees() if self._client.has_key else {}
        odd: list[DataError] = []
        found = self._client.read_pages(
            self._client.http.get_instruments_info,
            lambda row: _instrument_or_none(row, fees, odd),
            category=capabilities.CATEGORY,
            limit=capabilities.INSTRUMENT_PAGE,
        )
        listed = {instrument.instrument_id: instrument for instrument in found if instrument is not None}
        if odd and not listed:
            raise TemporaryVenueError(f"none of {len(odd)} instruments that bybit lists can be read: {odd[0]}")
        return listed

    def order_book(self, instrument_id: InstrumentId) -> OrderBook:
        """Fifty levels of each side, price in quote currency and quantity in base currency."""
        return self._client.read(
            self._client.http.get_orderbook,
            lambda answer: parse.order_book(answer.result),
            category=capabilities.CATEGORY,
            symbol=instrument_id.symbol,
            limit=capabilities.BOOK_LEVELS,
        )

    def next_funding(self, instrument_id: InstrumentId) -> datetime:
        """From the symbol's ticker, UTC."""
        return self._client.read(
            self._client.http.get_tickers,
            lambda answer: parse.next_funding(answer.result),
            category=capabilities.CATEGORY,
            symbol=instrument_id.symbol,
        )

    def _account_fees(self) -> dict[str, Row]:
        """Every row of account/fee-rate, which has no pages, by symbol."""
        return self._client.read(
            self._client.http.get_fee_rates,
            lambda answer: {text(row, "symbol"): row for row in rows(answer.result, "list")},
            category=capabilities.CATEGORY,
        )


def _windows(timeframe: Timeframe, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Stretches of at most 1,000 open times in ``[start, end)``."""
    opens = _first_open(timeframe, start)
    while opens < end:
        stop = min(opens + capabilities.KLINE_LIMIT * timeframe.duration, end)
        yield opens, stop
        opens = stop


def _first_open(timeframe: Timeframe, start: datetime) -> datetime:
    floor = timeframe.floor(start)
    return floor if floor == start else floor + timeframe.duration


def _instrument_or_none(row: Row, fees: Mapping[str, Row], odd: list[DataError]) -> Instrument | None:
    """The instrument in a row; what is wrong with one in trading joins ``odd``."""
    wanted = ("LinearPerpetual", capabilities.SETTLE_COIN)
    if (text(row, "contractType"), text(row, "settleCoin")) != wanted:
        return None
    try:
        return parse.instrument(row, fees.get(text(row, "symbol"), capabilities.BASE_FEES))
    except DataError as error:
        # What is not traded yet, or no more, may have no steps, and nobody has to hear of it.
        if text(row, "status") == "Trading":
            odd.append(error)
            _log.error("instrument left out", symbol=text(row, "symbol"), cause=str(error))
        return None

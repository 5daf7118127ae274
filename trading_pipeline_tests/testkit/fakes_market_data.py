"""A venue's market data and the event log, in memory."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from trading_pipeline.domain.model.bars import Bar
from trading_pipeline.domain.model.books import OrderBook
from trading_pipeline.domain.model.errors import ConfigurationError, TemporaryVenueError, TradingError
from trading_pipeline.domain.model.events import Event
from trading_pipeline.domain.model.instruments import Instrument
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.streams import EventStream
from trading_pipeline.ports.venue.clock import Clock
from trading_pipeline.ports.venue.market_data import LiveMarket, MarketData
from trading_pipeline_tests.testkit.builders import instrument

LISTED = frozenset({"BTCUSDT.BYBIT", "SOLUSDT.BYBIT", "ADAUSDT.BYBIT"})


def refuse_unlisted(instrument_id: str, listed: Collection[str]) -> None:
    """:raises ConfigurationError: the venue does not list the instrument."""
    if instrument_id not in listed:
        raise ConfigurationError(f"{instrument_id} is not listed; there are {', '.join(sorted(listed))}")


@dataclass
class RecordedMarketData(MarketData):
    """Answers with the bars it was given, of any timeframe.

    :param failing: instruments whose bars cannot be read.
    :param requests: every request for bars: instrument, start, end.
    :param listed: instruments that it knows, beside those it has bars of.
    :param silent: whether it does not even tell the time.
    :param taker_fee: of every instrument, a fraction of the value traded.
    :param changed: instruments that are listed otherwise than the others.
    """

    recorded: Sequence[Bar]
    time: datetime
    failing: frozenset[str] = frozenset()
    requests: list[tuple[str, datetime, datetime]] = field(default_factory=list)
    listed: frozenset[str] = LISTED
    silent: bool = False
    taker_fee: Decimal = Decimal("0.00055")
    changed: dict[str, Instrument] = field(default_factory=dict)

    def server_time(self) -> datetime:
        """The time it was given."""
        if self.silent:
            raise TemporaryVenueError("no answer within 10 s")
        return self.time

    def bars(self, instrument_id: str, timeframe: Timeframe, start: datetime, end: datetime) -> list[Bar]:
        """Recorded bars in the range that have closed."""
        self.requests.append((instrument_id, start, end))
        refuse_unlisted(instrument_id, self._known())
        if instrument_id in self.failing:
            raise TemporaryVenueError(f"{instrument_id}: no answer within 10 s")
        wanted = [
            bar
            for bar in self.recorded
            if (bar.instrument_id, bar.timeframe) == (instrument_id, timeframe)
            and start <= bar.open_time < end
            and bar.close_time <= self.time
        ]
        return sorted(wanted, key=lambda bar: bar.open_time)

    def instruments(self) -> dict[str, Instrument]:
        """All it knows, with the steps of a large perpetual."""
        listed = {one: replace(instrument(one), taker_fee=self.taker_fee) for one in self._known()}
        return {**listed, **self.changed}

    def _known(self) -> set[str]:
        return self.listed | {bar.instrument_id for bar in self.recorded}


def a_book(
    instrument_id: str, at: datetime, spread: str = "0.1", bid_quantity: str = "2000", ask: str = "1000"
) -> OrderBook:
    """One level a side around 1000: 1 bps wide and more than 2,000,000 USDT deep unless told otherwise."""
    half = Decimal(spread) / 2
    return OrderBook(instrument_id, at, ((1000 - half, Decimal(bid_quantity)),), ((1000 + half, Decimal(ask)),))


@dataclass
class FakeMarket(LiveMarket):
    """A good book of every listed instrument that is as old as the clock says, and funding in eight hours.

    :ivar books: by instrument, the book or the error told instead.
    :ivar funding: likewise the funding time.
    :ivar asked: instruments whose book was asked for.
    """

    clock: Clock
    books: dict[str, OrderBook | TradingError] = field(default_factory=dict)
    funding: dict[str, datetime | TradingError] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    listed: frozenset[str] = LISTED

    def order_book(self, instrument_id: str) -> OrderBook:
        """What was set, else a good book."""
        self.asked.append(instrument_id)
        refuse_unlisted(instrument_id, self.listed)
        return _told(self.books.get(instrument_id, a_book(instrument_id, self.clock.now())))

    def next_funding(self, instrument_id: str) -> datetime:
        """What was set, else in eight hours."""
        refuse_unlisted(instrument_id, self.listed)
        return _told(self.funding.get(instrument_id, self.clock.now() + timedelta(hours=8)))


T = TypeVar("T")


def _told(answer: T | TradingError) -> T:
    if isinstance(answer, TradingError):
        raise answer
    return answer


@dataclass
class ListStream(EventStream):
    """Keeps what was published; positions count the events of a kind."""

    published: list[Event] = field(default_factory=list)
    dead: list[tuple[str, str, str]] = field(default_factory=list)

    def publish(self, events: Sequence[Event]) -> None:
        """Append to the list."""
        self.published.extend(events)

    def wait(self, kind: type[Event], after: str, timeout_s: float) -> str:
        """The newest position, at once: for a fake the time is always up."""
        return str(sum(isinstance(event, kind) for event in self.published))

    def dead_letter(self, source: str, payload: str, reason: str) -> None:
        """Append to the list."""
        self.dead.append((source, payload, reason))

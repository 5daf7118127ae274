"""A venue's market data and the event log, in memory."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from trading_pipeline.domain.model.bars import Bar
from trading_pipeline.domain.model.errors import TemporaryVenueError
from trading_pipeline.domain.model.events import Event
from trading_pipeline.domain.model.instruments import Instrument
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.market_data import MarketData
from trading_pipeline.ports.streams import EventStream


@dataclass
class RecordedMarketData(MarketData):
    """Answers with the bars it was given.

    :param failing: symbols whose bars cannot be read.
    :param requests: every request for bars: symbol, start, end.
    """

    recorded: Iterable[Bar]
    time: datetime
    failing: frozenset[str] = frozenset()
    requests: list[tuple[str, datetime, datetime]] = field(default_factory=list)

    def server_time(self) -> datetime:
        """The time it was given."""
        return self.time

    def bars(self, symbol: str, timeframe: Timeframe, start: datetime, end: datetime) -> list[Bar]:
        """Recorded bars in the range that have closed."""
        self.requests.append((symbol, start, end))
        if symbol in self.failing:
            raise TemporaryVenueError(f"{symbol}: no answer within 10 s")
        wanted = [
            bar
            for bar in self.recorded
            if (bar.symbol, bar.timeframe) == (symbol, timeframe)
            and start <= bar.open_time < end
            and bar.close_time <= self.time
        ]
        return sorted(wanted, key=lambda bar: bar.open_time)

    def instruments(self) -> dict[str, Instrument]:
        """None: tests of bars need no steps."""
        return {}


@dataclass
class ListStream(EventStream):
    """Keeps what was published; positions are counts."""

    published: list[Event] = field(default_factory=list)
    dead: list[tuple[str, str, str]] = field(default_factory=list)

    def publish(self, events: Sequence[Event]) -> None:
        """Append to the list."""
        self.published.extend(events)

    def wait(self, kind: type[Event], after: str, timeout_s: float) -> str:
        """The present position, at once."""
        return str(len(self.published))

    def dead_letter(self, source: str, payload: str, reason: str) -> None:
        """Append to the list."""
        self.dead.append((source, payload, reason))

"""What ``EventStream`` promises, whoever keeps it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from trading_pipeline.domain.model.events import BarClosed, Event, FillBooked, WaveComputed
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.streams import EventStream

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
BTC = InstrumentId("BTCUSDT.BYBIT")
SOON_S = 0.01
"""Long enough for what is there already."""

Letters = list[tuple[str, str, str]]
"""Source, payload and reason of messages that could not be understood."""


def some_closes(count: int = 1) -> list[Event]:
    """Hourly closes of one instrument."""
    return [BarClosed(BTC, Timeframe.H1, NOON + hours * timedelta(hours=1)) for hours in range(count)]


class EventStreamContract:
    """Give the fixtures ``stream``, which is empty, and ``dead_letters``, which reads them, oldest first."""

    def end(self, stream: EventStream, kind: type[Event] = BarClosed) -> str:
        """The position of the log's end."""
        return stream.wait(kind, "", SOON_S)

    def test_what_was_published_before_the_first_wait_is_no_news(self, stream: EventStream) -> None:
        stream.publish(some_closes())
        position = self.end(stream)
        assert position
        assert stream.wait(BarClosed, position, SOON_S) == position

    def test_a_wait_from_the_empty_log_misses_nothing_that_follows(self, stream: EventStream) -> None:
        position = self.end(stream)
        stream.publish(some_closes())
        assert stream.wait(BarClosed, position, 5) != position

    def test_one_wait_takes_everything_that_is_there(self, stream: EventStream) -> None:
        start = self.end(stream)
        for _ in range(3):
            stream.publish(some_closes(700))
        newest = stream.wait(BarClosed, start, 5)
        assert newest not in ("", start)
        assert stream.wait(BarClosed, newest, SOON_S) == newest == self.end(stream)

    def test_kinds_do_not_wake_each_other(self, stream: EventStream) -> None:
        bars, waves, fills = (self.end(stream, kind) for kind in (BarClosed, WaveComputed, FillBooked))
        stream.publish([WaveComputed(NOON, Timeframe.H1, 1)])
        assert stream.wait(BarClosed, bars, SOON_S) == bars
        assert stream.wait(FillBooked, fills, SOON_S) == fills
        assert stream.wait(WaveComputed, waves, 5) != waves

    def test_two_readers_hear_the_same(self, stream: EventStream) -> None:
        start = self.end(stream)
        stream.publish(some_closes(2))
        assert stream.wait(BarClosed, start, 5) == stream.wait(BarClosed, start, 5)

    def test_publishing_nothing_is_no_news(self, stream: EventStream) -> None:
        start = self.end(stream)
        stream.publish([])
        assert stream.wait(BarClosed, start, SOON_S) == start

    def test_a_dead_letter_keeps_its_reason(self, stream: EventStream, dead_letters: Callable[[], Letters]) -> None:
        start = self.end(stream)
        stream.dead_letter("feed.public", "{", "no json")
        stream.dead_letter("feed.private", "[]", "no object")
        assert dead_letters() == [("feed.public", "{", "no json"), ("feed.private", "[]", "no object")]
        assert stream.wait(BarClosed, start, SOON_S) == start

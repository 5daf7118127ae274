"""The days of a partition range, and where the computation of each day begins."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import EPOCH, Timeframe, day_of

WINDOW_BARS = 1_700
"""Bars before the start of a day from which the day is computed: ten times the slowest average."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PartitionRange:
    """Some instruments over whole UTC days, in one timeframe.

    A bar belongs to the day in which it opens; so a wave at midnight belongs to the day before it.

    :param start: midnight of the first day.
    :param end: midnight after the last day.
    :param history_start: no bar that opens before it is ever read.
    """

    instrument_ids: tuple[InstrumentId, ...]
    timeframe: Timeframe
    start: datetime
    end: datetime
    history_start: datetime

    def __post_init__(self) -> None:
        for instant in (self.start, self.end):
            if day_of(instant) != instant:
                raise ValueError(f"{instant.isoformat()} does not begin a UTC day")
        if self.start >= self.end:
            raise ValueError(f"no day between {self.start.isoformat()} and {self.end.isoformat()}")

    @property
    def days(self) -> Iterator[datetime]:
        """Midnights that begin the days, oldest first."""
        day = self.start
        while day < self.end:
            yield day
            day += _DAY

    def anchor(self, day: datetime) -> datetime:
        """Open time of the first bar from which ``day`` is computed."""
        return max(day - WINDOW_BARS * self.timeframe.duration, self.first_open)

    @property
    def first_open(self) -> datetime:
        """Open time of the first whole bar of history."""
        late = (self.history_start - EPOCH) % self.timeframe.duration
        return self.history_start + (self.timeframe.duration - late if late else timedelta())

    @property
    def window_start(self) -> datetime:
        """Where the first day's computation begins: everything from here on has to be there."""
        return self.anchor(self.start)

    def open_times_until(self, now: datetime) -> tuple[datetime, datetime]:
        """Half-open range of the open times of all needed bars that have closed by ``now``."""
        closed = self.timeframe.floor(min(self.end, now))
        return self.window_start, max(closed, self.window_start)

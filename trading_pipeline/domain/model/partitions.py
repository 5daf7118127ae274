"""The days of a partition range, and where the computation of each day begins."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import EPOCH, Timeframe, day_of

WINDOW_BARS = 1_700
"""Bars before the start of a day from which the day is computed: ten times the slowest average."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ComputedPart:
    """Instruments of which the same bars are computed.

    :param start: open time of the first bar that is computed.
    :param heard_from: open time of the first bar of which something new may have been heard.
    """

    instrument_ids: tuple[InstrumentId, ...]
    start: datetime
    heard_from: datetime


@dataclass(frozen=True, slots=True)
class PartitionRange:
    """Some instruments over whole UTC days, in one timeframe.

    A bar belongs to the day in which it opens; so a wave at midnight belongs to the day before it.

    :param start: midnight of the first day.
    :param end: midnight after the last day.
    :param history_start: no bar that opens before it is ever read.
    :param computed_until: rows of bars that close by then stand as they would be computed now, so that only later
        ones are computed; ``None`` computes the days whole.
    :param recomputed: instruments of which the days are computed whole all the same.
    """

    instrument_ids: tuple[InstrumentId, ...]
    timeframe: Timeframe
    start: datetime
    end: datetime
    history_start: datetime
    computed_until: datetime | None = None
    recomputed: frozenset[InstrumentId] = frozenset()

    def __post_init__(self) -> None:
        for instant in (self.start, self.end):
            if day_of(instant) != instant:
                raise ValueError(f"{instant.isoformat()} does not begin a UTC day")
        if self.start >= self.end:
            raise ValueError(f"no day between {self.start.isoformat()} and {self.end.isoformat()}")

    @property
    def days(self) -> Iterator[datetime]:
        """UTC midnights that begin the days, oldest first."""
        day = self.start
        while day < self.end:
            yield day
            day += _DAY

    def anchor(self, day: datetime) -> datetime:
        """Open time (UTC) of the bar that ``day`` is computed from: 1,700 bars earlier, or where history begins."""
        # Indicators are recursive: an anchor at a fixed distance gives a wave and a backfill the same bits.
        return max(day - WINDOW_BARS * self.timeframe.duration, self.first_open)

    @property
    def first_open(self) -> datetime:
        """Open time (UTC) of the first whole bar of history."""
        # History may begin between two bars of a long timeframe; the bar that is cut by it does not exist for us.
        late = (self.history_start - EPOCH) % self.timeframe.duration
        return self.history_start + (self.timeframe.duration - late if late else timedelta())

    @property
    def window_start(self) -> datetime:
        """Open time (UTC) of the first bar that has to be there: the anchor of the first day."""
        return self.anchor(self.start)

    @property
    def parts(self) -> list["ComputedPart"]:
        """The instruments by what of their days is computed; none of them is empty."""
        stands = {name for name in self.instrument_ids if self.computed_until and name not in self.recomputed}
        whole, rest = (
            tuple(name for name in self.instrument_ids if (name in stands) is standing) for standing in (False, True)
        )
        parts = [ComputedPart(whole, self.start, self.window_start)] if whole else []
        if rest and self.computed_until:
            parts.append(ComputedPart(rest, self.computed_until, self.computed_until))
        return parts

    def open_times_until(self, now: datetime) -> tuple[datetime, datetime]:
        """Half-open range of the open times (UTC) of all needed bars that have closed by ``now``.

        :raises DataError: the days have not begun; where the venue is simulated, the UI offers days that its clock has
            not come to.
        """
        if now < self.start:
            raise DataError(
                f"{self.start:%Y-%m-%d} has not begun at the venue, whose clock says {now:%Y-%m-%d %H:%M} UTC; "
                f"choose days up to {now:%Y-%m-%d}"
            )
        closed = self.timeframe.floor(min(self.end, now))
        # Before the first close there is an empty range, not one that ends before it starts.
        return self.window_start, max(closed, self.window_start)

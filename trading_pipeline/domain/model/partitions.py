"""The days of a partition range, and where the computation of each day begins."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Self

from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.holes import HolePolicy, HoleRules, Outage
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
    :param holes: what becomes of bars that nobody can have.
    :param outages: by instrument, ascending, where they are computed over: windows reach back over them.
    """

    instrument_ids: tuple[InstrumentId, ...]
    timeframe: Timeframe
    start: datetime
    end: datetime
    history_start: datetime
    computed_until: datetime | None = None
    recomputed: frozenset[InstrumentId] = frozenset()
    holes: HoleRules = field(default_factory=HoleRules)
    outages: Mapping[InstrumentId, Sequence[Outage]] = field(default_factory=dict)

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

    def bridging(self, outages: Mapping[InstrumentId, Sequence[Outage]]) -> Self:
        """The same range with windows that reach back over outages, where the policy computes over them."""
        return replace(self, outages=outages) if self.computes_over else self

    @property
    def computes_over(self) -> bool:
        """Whether bars that nobody can have are simply not there."""
        return self.holes.policy is HolePolicy.COMPUTE_OVER

    def anchor(self, day: datetime, instrument_id: InstrumentId) -> datetime:
        """Open time (UTC) of the bar that ``day`` is computed from: 1,700 bars earlier, or where history begins."""
        # Indicators are recursive: an anchor at a fixed distance gives a wave and a backfill the same bits.
        begin = day - WINDOW_BARS * self.timeframe.duration
        # Bars that nobody can have do not count, so that a window has its 1,700 whatever the venue lost.
        for outage in reversed(self.outages.get(instrument_id, ())):
            if begin < outage.end and outage.first_open < day:
                begin -= min(outage.end, day) - outage.first_open
        return max(begin, self.first_open)

    @property
    def first_open(self) -> datetime:
        """Open time (UTC) of the first whole bar of history."""
        # History may begin between two bars of a long timeframe; the bar that is cut by it does not exist for us.
        late = (self.history_start - EPOCH) % self.timeframe.duration
        return self.history_start + (self.timeframe.duration - late if late else timedelta())

    @property
    def window_start(self) -> datetime:
        """Open time (UTC) of the first bar that has to be there: the earliest anchor of the first day."""
        return min(self.anchor(self.start, instrument_id) for instrument_id in self.instrument_ids)

    @property
    def parts(self) -> list["ComputedPart"]:
        """The instruments by what of their days is computed; none of them is empty."""
        stands = {name for name in self.instrument_ids if self.computed_until and name not in self.recomputed}
        whole, rest = (
            tuple(name for name in self.instrument_ids if (name in stands) is standing) for standing in (False, True)
        )
        parts = [ComputedPart(whole, self.start, self.window_start)] if whole else []
        # Nothing before the wave can have changed for these: that is what they were sorted out by.
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


WaveScopes = dict[Timeframe, PartitionRange]
"""What the run of a wave computes, by timeframe."""

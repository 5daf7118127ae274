"""Bars that a worker has read before: by an earlier asset of the run, or by the run of an earlier wave."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import pandas as pd
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.market_data.bar_store import SERIES_COLUMNS, PostgresBarStore, Series, framed
from trading_pipeline.adapters.stores.market_data.wave_store import PostgresWaveStore
from trading_pipeline.domain.model.bars import Bar, BarSource
from trading_pipeline.domain.model.holes import Outage
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe

_NO_BARS: Series = tuple(
    np.empty(0, "datetime64[us]" if name.endswith("_time") else np.float64) for name in SERIES_COLUMNS
)


@dataclass(frozen=True, slots=True)
class Window:
    """The bars of one instrument that open in a half-open range."""

    start: datetime
    end: datetime
    series: Series

    def cut(self, start: datetime, end: datetime) -> Series:
        """The bars of a part of the range."""
        first, last = np.searchsorted(self.series[0], [_instant(start), _instant(end)])
        return tuple(column[first:last] for column in self.series)

    def since(self, start: datetime) -> "Window":
        """Without the bars that open earlier."""
        return self if start <= self.start else Window(start, self.end, self.cut(start, self.end))

    def extended(self, end: datetime, newer: Series) -> "Window":
        """The same with the bars that follow."""
        if self.start == self.end:
            return Window(self.start, end, newer)
        joined = (np.concatenate(pair) for pair in zip(self.series, newer, strict=True))
        return Window(self.start, end, tuple(joined))


@dataclass(frozen=True, slots=True)
class Kept:
    """The windows of one timeframe as a wave left them.

    :param heard: what the wave could see of what was heard, as the wave store names it.
    """

    heard: str
    windows: dict[InstrumentId, Window]


@cache
def kept_windows(database_url: str) -> dict[Timeframe, Kept]:  # noqa: ARG001
    """The windows of the newest wave of each timeframe: a worker's process outlives its runs."""
    return {}


@dataclass(slots=True)
class _Read:
    """What the run holds of one timeframe; the frame is the last that was made of it."""

    windows: dict[InstrumentId, Window] = field(default_factory=dict)
    asked: tuple[object, ...] = ()
    frame: pd.DataFrame | None = None


class ResidentBarStore(PostgresBarStore):
    """Keeps the bars it has read: checks, indicators and signals of a run look at the same windows.

    Another run may change bars meanwhile; this one then decides on what it has checked. With ``kept``, a wave goes on
    with the windows of the one before and reads what came since. A kept bar can only have changed if its
    instrument was heard of after the wave that kept it had begun, as whatever was heard before is consolidated by then;
    such an instrument is read anew, as is everything after the process was started again.

    :param kept: of every timeframe, for the length of the process.
    """

    def __init__(self, engine: Engine, run_id: str = "", kept: dict[Timeframe, Kept] | None = None) -> None:
        """Write in the name of a run."""
        super().__init__(engine, run_id)
        self._waves = PostgresWaveStore(engine)
        self._kept = {} if kept is None else kept
        self._read: dict[Timeframe, _Read] = {}
        self._resumed: dict[Timeframe, Kept] = {}
        self._consolidated: set[Timeframe] = set()
        self._outages: dict[tuple[Timeframe, frozenset[InstrumentId]], dict[InstrumentId, list[Outage]]] = {}

    def resume(self, timeframe: Timeframe, heard: str | None) -> None:
        """Go on with the kept windows of the timeframe; those of this wave are kept once it has consolidated its bars.

        :param heard: what the wave that begins can see; nothing is kept of a wave without it.
        """
        windows = self._standing(timeframe)
        self._kept.pop(timeframe, None)
        if heard is not None:
            self._resumed[timeframe] = Kept(heard, windows)
            self._read[timeframe] = _Read(dict(windows))

    def consolidate(
        self, instrument_ids: Sequence[InstrumentId], timeframe: Timeframe, start: datetime, end: datetime
    ) -> int:
        """Forget what this run has read of the timeframe; what it resumed was consolidated before."""
        resumed = self._resumed.get(timeframe)
        self._read[timeframe] = _Read(dict(resumed.windows) if resumed else {})
        self._consolidated.add(timeframe)
        return super().consolidate(instrument_ids, timeframe, start, end)

    def outages(self, instrument_ids: Sequence[InstrumentId], timeframe: Timeframe) -> dict[InstrumentId, list[Outage]]:
        """As they were when this run asked first, or last noted or heard something itself."""
        key = timeframe, frozenset(instrument_ids)
        if key not in self._outages:
            self._outages[key] = super().outages(instrument_ids, timeframe)
        return self._outages[key]

    def append_raw(self, bars: Sequence[Bar], source: BarSource, *, live: bool = False) -> list[Bar]:
        """A bar that is told is no outage any more."""
        self._outages.clear()
        return super().append_raw(bars, source, live=live)

    def note_absent(
        self,
        instrument_id: InstrumentId,
        timeframe: Timeframe,
        open_times: Sequence[datetime],
        asked_at: datetime,
        answer: str,
        apart: timedelta,
    ) -> list[datetime]:
        """Bars that are asked for twice become outages."""
        self._outages.clear()
        return super().note_absent(instrument_id, timeframe, open_times, asked_at, answer, apart)

    def frame(
        self, instrument_ids: Sequence[InstrumentId], timeframe: Timeframe, start: datetime, end: datetime
    ) -> pd.DataFrame:
        """Read what is not held of the range."""
        if timeframe not in self._read:
            self._read[timeframe] = _Read(self._standing(timeframe))
        read, wanted = self._read[timeframe], sorted(instrument_ids)
        asked = (tuple(wanted), start, end)
        if read.frame is None or read.asked != asked:
            self._complete(read.windows, wanted, timeframe, start, end)
            series = {name: read.windows[name].cut(start, end) for name in wanted}
            read.frame, read.asked = framed({name: one for name, one in series.items() if len(one[0])}), asked
            self._keep(timeframe, wanted, start)
        return read.frame

    def _standing(self, timeframe: Timeframe) -> dict[InstrumentId, Window]:
        """The kept windows of which no bar was heard again, or late, since they are kept."""
        kept = self._kept.get(timeframe)
        if kept is None or not kept.windows:
            return {}
        newest = max(window.end for window in kept.windows.values())
        late = self._waves.late(list(kept.windows), [timeframe], kept.heard, newest)
        return {name: window for name, window in kept.windows.items() if name not in late}

    def _complete(
        self,
        windows: dict[InstrumentId, Window],
        wanted: Sequence[InstrumentId],
        timeframe: Timeframe,
        start: datetime,
        end: datetime,
    ) -> None:
        """Make each instrument's window reach over the range."""
        due = defaultdict[datetime, list[InstrumentId]](list)
        for name in wanted:
            window = windows.get(name)
            if window is None or window.start > start:
                windows[name] = window = Window(start, start, _NO_BARS)
            if window.end < end:
                due[window.end].append(name)
        for since, names in due.items():
            newer = self.series(names, timeframe, since, end)
            windows.update({name: windows[name].extended(end, newer.get(name, _NO_BARS)) for name in names})

    def _keep(self, timeframe: Timeframe, wanted: Sequence[InstrumentId], start: datetime) -> None:
        """For the next wave, which begins no earlier than this one."""
        resumed = self._resumed.get(timeframe)
        if resumed is not None and timeframe in self._consolidated:
            windows = self._read[timeframe].windows
            self._kept[timeframe] = Kept(resumed.heard, {name: windows[name].since(start) for name in wanted})


def _instant(time: datetime) -> np.datetime64:
    return np.datetime64(time.astimezone(UTC).replace(tzinfo=None), "us")

"""Bars of a coarser interval, made of base bars page by page: only where they begin is kept."""

import numpy as np
from numpy.typing import NDArray

from trading_pipeline.exchange_simulator.bars import BarSeries
from trading_pipeline.exchange_simulator.intervals import Interval


class CoarseBars:
    """Bars of an interval whose opens and closes are opens and closes of base bars; bars with a hole are left out."""

    def __init__(self, base: BarSeries, interval: Interval) -> None:
        self._base = base
        self._interval = interval
        opens = base.open_ms
        starts = np.flatnonzero(interval.opens(opens) == opens)
        starts = starts[self._ends(starts) <= len(opens)]
        # Open times ascend strictly: the last base bar stands where it belongs only if none before it is missing.
        whole = opens[self._ends(starts) - 1] == interval.closes(opens[starts]) - base.step_ms
        # Positions in the base, of which there are fewer than fit into four bytes.
        self._starts = starts[whole].astype(np.int32)

    def _ends(self, starts: NDArray[np.integer]) -> NDArray[np.integer]:
        """Positions behind the last base bar of the bars that start there, if no base bar is missing."""
        opens = self._base.open_ms[starts]
        ends: NDArray[np.integer] = starts + (self._interval.closes(opens) - opens) // self._base.step_ms
        return ends

    def opened_before(self, instant_ms: int) -> int:
        """How many bars opened before the instant, UTC milliseconds."""
        return int(np.searchsorted(self._starts, np.searchsorted(self._base.open_ms, instant_ms)))

    def rows(self, first: int, last: int) -> list[list[str]]:
        """Bars ``first`` to ``last - 1`` as the venue lists them; see ``BarSeries.rows``."""
        starts = self._starts[first:last]
        if not len(starts):
            return []
        ends = self._ends(starts)
        page = self._base.part(int(starts[0]), int(ends[-1])).merged(starts - starts[0], ends - starts[0])
        return page.rows(0, len(page.open_ms))

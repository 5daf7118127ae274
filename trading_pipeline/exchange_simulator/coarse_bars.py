"""Bars of a coarser interval, made of base bars page by page: only where they begin is kept."""

import numpy as np

from trading_pipeline.domain.model.bar_frames import complete_buckets
from trading_pipeline.exchange_simulator.bars import BarSeries


class CoarseBars:
    """Bars of ``step_ms``, a multiple of the base's; bars with a hole in them are left out."""

    def __init__(self, base: BarSeries, step_ms: int) -> None:
        self.step_ms = step_ms
        self._base = base
        # Positions in the base, of which there are fewer than fit into four bytes.
        self._starts = complete_buckets(base.open_ms, base.step_ms, step_ms).astype(np.int32)

    def closed_by(self, now_ms: int) -> int:
        """How many bars have closed at ``now_ms``, UTC milliseconds."""
        begun = np.searchsorted(self._base.open_ms, now_ms - self.step_ms, side="right")
        return int(np.searchsorted(self._starts, begun))

    def rows(self, first: int, last: int) -> list[list[str]]:
        """Bars ``first`` to ``last - 1`` as the venue lists them; see ``BarSeries.rows``."""
        chosen = self._starts[first:last]
        if not len(chosen):
            return []
        end = int(chosen[-1]) + self.step_ms // self._base.step_ms
        page = self._base.part(int(chosen[0]), end).resampled(self.step_ms)
        return page.rows(0, len(page.open_ms))

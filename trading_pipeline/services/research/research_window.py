"""The stretch of time that a piece of research is about, and the bars it needs before it."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.holes import HolePolicy
from trading_pipeline.domain.model.partitions import WINDOW_BARS
from trading_pipeline.domain.model.refused_bars import refused
from trading_pipeline.domain.model.signals import Details
from trading_pipeline.domain.model.timeframes import Timeframe, to_ms


@dataclass(frozen=True, slots=True)
class Window:
    """Half-open range of open times, UTC; ``None`` is as far as the bars go.

    :param by_close: the start is a closing instant: bars belong to the window that close after it, however long
        they are.
    """

    start: datetime | None = None
    end: datetime | None = None
    by_close: bool = False

    def __post_init__(self) -> None:
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise ConfigurationError(f"nothing lies {self}: --from has to be before --to")

    def __str__(self) -> str:
        start = "the first bar" if self.start is None else self.start.isoformat()
        end = "the last bar" if self.end is None else self.end.isoformat()
        return f"from {start} to {end}"

    @property
    def start_ms(self) -> int:
        """Start in milliseconds (UTC) since the epoch; 0 without one."""
        return 0 if self.start is None else to_ms(self.start)

    def document(self) -> Details:
        """JSON-ready."""
        return {"from": self.start and self.start.isoformat(), "to": self.end and self.end.isoformat()}


def windowed(bars: pd.DataFrame, window: Window, warmup: int = 0) -> pd.DataFrame:
    """The bars of the window and those before it that warm indicators up; positions begin at 0.

    :param warmup: bars the strategy needs; at least the 1,700 are kept from which the pipeline computes a day.
    """
    kept = np.ones(len(bars), dtype=bool)
    if window.start is not None:
        # Counted in bars that exist, as the pipeline's windows reach back over holes.
        first = int(bars["open_time"].searchsorted(pd.Timestamp(window.start))) - max(WINDOW_BARS, warmup)
        kept[: max(first, 0)] = False
    if window.end is not None:
        kept &= (bars["open_time"] < window.end).to_numpy()
    # The same object where nothing is cut, instead of a copy of years of bars.
    return bars if kept.all() else bars[kept].reset_index(drop=True)


def in_window(bars: pd.DataFrame, window: Window) -> npt.NDArray[np.bool_]:
    """Which bars lie in the window."""
    inside = np.ones(len(bars), dtype=bool)
    if window.start is not None:
        after = bars["close_time"] > window.start if window.by_close else bars["open_time"] >= window.start
        inside &= after.to_numpy()
    if window.end is not None:
        inside &= (bars["open_time"] < window.end).to_numpy()
    return inside


def unrefused(
    seen: pd.DataFrame, whole: pd.DataFrame, timeframe: Timeframe, holes: HolePolicy
) -> npt.NDArray[np.bool_]:
    """At which bars a position may be entered at all: at everyone, unless holes are refused.

    :param seen: a stretch of ``whole``, which is all there is: the hole may lie before what is seen.
    """
    if holes is HolePolicy.COMPUTE_OVER:
        return np.ones(len(seen), dtype=bool)
    return seen["open_time"].isin(whole["open_time"][~refused(whole, timeframe)]).to_numpy()

"""The venue's kline intervals: when a bar of each opens and closes, weeks from Monday and months by the calendar."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Instants = NDArray[np.int64]
_MINUTE_MS = 60_000
DAY_MS = 86_400_000
# Milliseconds count from a Thursday; weeks begin on Monday.
_FIRST_MONDAY_MS = 4 * DAY_MS


@dataclass(frozen=True, slots=True)
class Interval:
    """One kline interval.

    :param name: the venue's spelling.
    :param step_ms: length of a bar; of a month the shortest one.
    :param phase_ms: bars open so much after whole multiples of their length.
    """

    name: str
    step_ms: int
    phase_ms: int = 0

    def opens(self, instants: Instants) -> Instants:
        """When (UTC ms) the bars open that hold these instants."""
        if self.name == "M":
            return _of_months(_months(instants))
        return instants - (instants - self.phase_ms) % self.step_ms

    def closes(self, opens: Instants) -> Instants:
        """When (UTC ms) bars close that open then."""
        return _of_months(_months(opens) + 1) if self.name == "M" else opens + self.step_ms

    def open_of(self, now_ms: int) -> int:
        """When (UTC ms) the bar opens that holds the instant."""
        return int(self.opens(np.array([now_ms], dtype=np.int64))[0])

    def close_of(self, open_ms: int) -> int:
        """When (UTC ms) the bar closes that opens then."""
        return int(self.closes(np.array([open_ms], dtype=np.int64))[0])

    def closes_between(self, since_ms: int, until_ms: int) -> Iterator[int]:
        """When (UTC ms) bars close after the one instant and up to the other, ascending."""
        close_ms = self.close_of(self.open_of(since_ms))
        while close_ms <= until_ms:
            yield close_ms
            close_ms = self.close_of(close_ms)


def _months(instants: Instants) -> "np.ndarray[tuple[int, ...], np.dtype[np.datetime64]]":
    return instants.astype("datetime64[ms]").astype("datetime64[M]")


def _of_months(months: "np.ndarray[tuple[int, ...], np.dtype[np.datetime64]]") -> Instants:
    return months.astype("datetime64[ms]").astype(np.int64)


INTERVALS = {
    **{str(minutes): Interval(str(minutes), minutes * _MINUTE_MS) for minutes in (1, 3, 5, 15, 30)},
    **{str(minutes): Interval(str(minutes), minutes * _MINUTE_MS) for minutes in (60, 120, 240, 360, 720)},
    "D": Interval("D", DAY_MS),
    "W": Interval("W", 7 * DAY_MS, _FIRST_MONDAY_MS),
    "M": Interval("M", 28 * DAY_MS),
}
"""Every kline interval by the venue's spelling."""

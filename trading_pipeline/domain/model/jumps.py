"""Jumps that no market makes: a contract that was renamed, redenominated or split, or a false row.

Between a close and the next open hardly anybody trades, so a factor of three there is a change of what
is counted. Inside a bar everybody may: ADA lost half of its price within five minutes of 10 October
2025; only far beyond that it is no market. After a week without bars nobody can tell. The reasons are
in docs/decisions/0041.
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.timeframes import from_ms

BETWEEN_BARS = 3.0
INSIDE_A_BAR = 8.0
LONGEST_STEP = timedelta(days=7)
# Jumps that a message names; a redenominated contract has one, a broken file thousands.
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Jump:
    """One jump, in quote currency.

    :param open_ms: open time of the bar that jumps, or to which the price jumped, UTC.
    :param inside: from its open to its own close; else from the close before to its open.
    """

    open_ms: int
    before: float
    after: float
    inside: bool

    def __str__(self) -> str:
        """``2025-01-01T10:00:00Z close 0.0123 -> open 12.3 (factor 1000)``."""
        names = ("open", "close") if self.inside else ("close", "open")
        when = from_ms(self.open_ms).isoformat().replace("+00:00", "Z")
        factor = self.after / self.before
        return f"{when} {names[0]} {self.before:.10g} -> {names[1]} {self.after:.10g} (factor {factor:.6g})"


def jumps(
    open_ms: NDArray[np.int64],
    close_ms: NDArray[np.int64],
    opens: NDArray[np.float64],
    closes: NDArray[np.float64],
) -> list[Jump]:
    """Every jump among sound bars of one instrument, in order of time.

    :param open_ms: open times, ascending, UTC milliseconds, shape ``(n,)``; ``close_ms`` the closing instants.
    :param opens: prices in quote currency, shape ``(n,)``; ``closes`` likewise.
    """
    # After a longer hole a market may stand anywhere; the hole itself is counted elsewhere.
    apart = (open_ms[1:] - close_ms[:-1]) <= LONGEST_STEP // timedelta(milliseconds=1)
    between = np.flatnonzero(apart & _beyond(closes[:-1], opens[1:], BETWEEN_BARS)) + 1
    inside = np.flatnonzero(_beyond(opens, closes, INSIDE_A_BAR))
    found = [Jump(int(open_ms[bar]), float(closes[bar - 1]), float(opens[bar]), False) for bar in between]
    found += [Jump(int(open_ms[bar]), float(opens[bar]), float(closes[bar]), True) for bar in inside]
    return sorted(found, key=lambda jump: (jump.open_ms, jump.inside))


def refuse_jumps(found: list[Jump], origin: str) -> None:
    """Refuse bars in which the price jumps as no market does.

    :param origin: whose bars, for the message.
    :raises DataError: names the bars.
    """
    if found:
        raise DataError(
            f"{origin}: {jump_list(found)}: no market does that, a renamed, redenominated or split contract does; "
            "bring the older prices to the new scale or cut them off, or pass --allow-jumps to take them as they are"
        )


def jump_list(found: list[Jump]) -> str:
    """The first jumps, and how many there are besides."""
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return "; ".join(map(str, found[:_SHOWN])) + more


def _beyond(before: NDArray[np.float64], after: NDArray[np.float64], factor: float) -> NDArray[np.bool_]:
    """Whether the price grew or fell at least by the factor (a ratio, 3 is threefold)."""
    grown: NDArray[np.bool_] = (after >= before * factor) | (after * factor <= before)
    return grown

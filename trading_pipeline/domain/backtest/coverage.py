"""Whether the funding and the finer bars that were given meet the bars they are meant for.

Either may cover less than the bars: that is said. One of which nothing meets them is a wrong file.
"""

from dataclasses import dataclass

import numpy as np

from trading_pipeline.domain.backtest.translate import Funding
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import from_ms

LONGEST_INTERVAL_MS = 8 * 3_600_000
"""No venue read here exchanges funding less often."""
_LATE = 1.25
"""Events are written some time after they fell due; a stretch is without funding from a quarter of an interval on."""


@dataclass(frozen=True, slots=True)
class Span:
    """Traded time of one instrument, UTC ms: from the first open to the last close."""

    first_ms: int
    end_ms: int

    def __str__(self) -> str:
        return f"{_iso(self.first_ms)} to {_iso(self.end_ms)}"


def require_funding(funding: Funding, bars: Span, instrument_id: InstrumentId) -> None:
    """Refuse funding of which no event falls due while the bars last: after the first open, up to the last close.

    :raises DataError: says where the events are instead.
    """
    times = funding.time_ms
    if ((times > bars.first_ms) & (times <= bars.end_ms)).any():
        return
    if not len(times):
        where = "there are none"
    elif times[-1] <= bars.first_ms:
        where = f"they end before the bars begin, at {_iso(int(times[-1]))}"
    elif times[0] > bars.end_ms:
        where = f"they begin after the bars end, at {_iso(int(times[0]))}"
    else:
        where = f"those before end at {_iso(int(times[times <= bars.first_ms][-1]))}"
    raise DataError(
        f"{instrument_id}: no funding event falls due from {bars}: {where}; give funding of these bars, or none"
    )


def without_funding(funding: Funding, bars: Span) -> list[Span]:
    """The stretches of the bars' time (UTC ms) without funding in the file: no event for longer than an interval."""
    times = funding.time_ms
    inside = times[(times > bars.first_ms) & (times <= bars.end_ms)]
    edges = np.concatenate([[bars.first_ms], inside, [bars.end_ms]])
    longest = LONGEST_INTERVAL_MS * _LATE
    return [Span(int(edges[at]), int(edges[at + 1])) for at in np.flatnonzero(np.diff(edges) > longest)]


def _iso(milliseconds: int) -> str:
    return from_ms(milliseconds).isoformat(timespec="minutes").replace("+00:00", "Z")

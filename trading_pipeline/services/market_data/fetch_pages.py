"""Pages of history from a venue, several on their way at a time."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.model.written_bars import WrittenBars
from trading_pipeline.ports.venue.market_data import MarketData

_AHEAD = 20
"""Pages that are asked for while others are written."""
_TOGETHER = 10
"""Pages that are waited for and handed on at once, with all that have arrived by then: what a transaction costs in any
case would be more than the bars of a page."""
_WORKERS = 3

Window = tuple[datetime, datetime]
"""Half-open range of open times (UTC)."""


@dataclass(frozen=True, slots=True)
class Pages:
    """Some pages that follow each other.

    :param pages: how many.
    :param through: end of the range of the last (UTC).
    """

    bars: WrittenBars
    pages: int
    through: datetime


def fetched_pages(
    market_data: MarketData, instrument_id: InstrumentId, timeframe: Timeframe, windows: Iterator[Window]
) -> Iterator[Pages]:
    """Ask for some pages ahead while the caller writes others; in their order.

    :raises TradingError: the venue failed for good; the pages before were handed on.
    """
    with ThreadPoolExecutor(_WORKERS) as pool:
        asked: deque[tuple[Window, Future[WrittenBars]]] = deque()
        try:
            while True:
                for window in islice(windows, _AHEAD - len(asked)):
                    page = pool.submit(market_data.written_bars, instrument_id, timeframe, *window)
                    asked.append((window, page))
                if not asked:
                    break
                pages, through = _arrived(asked)
                yield Pages(WrittenBars.joined(pages), len(pages), through)
        finally:
            # what is on its way is not waited for when something failed
            pool.shutdown(wait=False, cancel_futures=True)


def windows_of(start: datetime, end: datetime, length: timedelta) -> Iterator[Window]:
    """Stretches of a range."""
    while start < end:
        yield start, min(start + length, end)
        start += length


def _arrived(asked: deque[tuple[Window, Future[WrittenBars]]]) -> tuple[list[WrittenBars], datetime]:
    """The oldest pages that were asked for, at least one, and the end of their range; they leave the queue.

    :raises TradingError: the oldest failed; one behind others stays, so that those are kept first.
    """
    wait([page for _, page in islice(asked, _TOGETHER)], return_when=FIRST_EXCEPTION)
    pages: list[WrittenBars] = []
    while asked and (not pages or (asked[0][1].done() and not asked[0][1].exception())):
        window, page = asked.popleft()
        pages.append(page.result())
    return pages, window[1]

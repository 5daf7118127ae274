"""Fetch a stretch of history page by page; every page is kept as soon as it is there."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from itertools import islice

from trading_pipeline.domain.model.backfills import (
    BackfillProgress,
    BackfillRequest,
    BackfillRun,
    BackfillStatus,
    require_known,
)
from trading_pipeline.domain.model.bars import BarSource
from trading_pipeline.domain.model.errors import TradingError
from trading_pipeline.domain.model.written_bars import WrittenBars
from trading_pipeline.ports.stores.market_data.backfill_log import BackfillLog
from trading_pipeline.ports.stores.market_data.bulk_bar_store import BulkBarStore
from trading_pipeline.ports.venue.market_data import MarketData

_AHEAD = 3
"""Pages that are asked for while one is written; more would only wait in memory."""

Window = tuple[datetime, datetime]
Told = Callable[[BackfillProgress], None]


def backfill_history(
    request: BackfillRequest,
    run: BackfillRun,
    market_data: MarketData,
    store: BulkBarStore,
    log: BackfillLog,
    told: Told = lambda _: None,
) -> BackfillProgress:
    """Store what the venue has of the range and the database has not.

    Pages that are complete in the database are not asked for again, so that a run that was cut off goes on where it
    was. The bar still forming is never stored.

    :param told: given the progress after each page.
    :returns: what came of it; ``truncated`` where the cap on pages ended it.
    :raises ConfigurationError: the venue does not list the instrument; the message names the nearest that it lists.
    :raises VenueError: the venue failed for good; pages before are kept, and the run says FAILED.
    """
    require_known(request.instrument_id, market_data.instruments(), "instrument")
    # a bar that opens later than this still forms
    end = min(request.end, request.timeframe.floor(market_data.server_time()))
    log.begin(run)
    progress = BackfillProgress()
    try:
        for progress in _pages(replace(request, end=end) if end > request.start else None, market_data, store):
            log.progress(run.run_id, progress)
            told(progress)
    except TradingError as error:
        log.end(run.run_id, BackfillStatus.FAILED, progress, str(error))
        raise
    except BaseException as error:
        # Ctrl-C and whatever nobody foresaw: the row must not say for ever that it runs.
        log.end(run.run_id, BackfillStatus.CANCELED, progress, repr(error))
        raise
    log.end(run.run_id, BackfillStatus.SUCCEEDED, progress)
    return progress


def _pages(request: BackfillRequest | None, market_data: MarketData, store: BulkBarStore) -> Iterator[BackfillProgress]:
    """Fetch some pages ahead while one is written; the progress after each."""
    if request is None:
        return
    windows = _missing(request, store)
    progress = BackfillProgress()
    with ThreadPoolExecutor(_AHEAD) as pool:

        def ask(window: Window) -> tuple[Window, Future[WrittenBars]]:
            return window, pool.submit(market_data.written_bars, request.instrument_id, request.timeframe, *window)

        asked = [ask(window) for window in islice(windows, min(_AHEAD, request.max_pages))]
        try:
            while asked:
                window, page = asked.pop(0)
                bars = page.result()
                store.append(bars, BarSource.REST)
                progress = BackfillProgress(progress.upserts + len(bars), progress.pages + 1, through=window[1])
                following = next(windows, None)
                if following is not None and progress.pages + len(asked) < request.max_pages:
                    asked.append(ask(following))
                elif following is not None:
                    # the last pages of the cap are on their way; what lies behind them is left out
                    progress = replace(progress, truncated=not asked)
                    windows = iter([following])
                yield progress
        finally:
            # what is on its way is not waited for when something failed
            pool.shutdown(wait=False, cancel_futures=True)


def _missing(request: BackfillRequest, store: BulkBarStore) -> Iterator[Window]:
    """The pages, oldest first, of which the database misses a bar."""
    length = request.page_limit * request.timeframe.duration
    start = request.start
    while start < request.end:
        end = min(start + length, request.end)
        if (
            store.stored(request.instrument_id, request.timeframe, start, end)
            < (end - start) // request.timeframe.duration
        ):
            yield start, end
        start = end

"""Fetch a stretch of history page by page; every page is kept as soon as it is there."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice

from trading_pipeline.domain.model.backfills import (
    BackfillProgress,
    BackfillRequest,
    BackfillRun,
    BackfillStatus,
    require_known,
)
from trading_pipeline.domain.model.bars import BarSource
from trading_pipeline.ports.stores.market_data.backfill_log import BackfillLog
from trading_pipeline.ports.stores.market_data.bulk_bar_store import BulkBarStore
from trading_pipeline.ports.venue.market_data import MarketData
from trading_pipeline.services.market_data.fetch_pages import Window, fetched_pages, windows_of

_SURVEYED = 100
"""Pages of which the database is asked at once whether all of them are settled, or none."""

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

    Pages that are complete in the database, but for what the venue has lost, are not asked for again, so that a run
    that was cut off goes on where it was. The bar still forming is never stored.

    :param told: given the progress each time that pages were kept.
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
    except Exception as error:
        # Whatever it is, a full disk among it: the row must not say for ever that it runs.
        log.end(run.run_id, BackfillStatus.FAILED, progress, str(error))
        raise
    except BaseException as error:
        log.end(run.run_id, BackfillStatus.CANCELED, progress, repr(error))
        raise
    log.end(run.run_id, BackfillStatus.SUCCEEDED, progress)
    return progress


def _pages(request: BackfillRequest | None, market_data: MarketData, store: BulkBarStore) -> Iterator[BackfillProgress]:
    """Ask for some pages ahead while others are written; the progress after each time that something was."""
    if request is None:
        return
    windows = _missing(request, store)
    # one more than may be asked for tells whether the cap left something out
    allowed = islice(windows, request.max_pages)
    progress = BackfillProgress()
    for fetched in fetched_pages(market_data, request.instrument_id, request.timeframe, allowed):
        store.append(fetched.bars, BarSource.REST)
        upserts, pages = progress.upserts + len(fetched.bars), progress.pages + fetched.pages
        progress = BackfillProgress(upserts, pages, through=fetched.through)
        yield progress
    if next(windows, None) is not None:
        yield replace(progress, truncated=True)


def _missing(request: BackfillRequest, store: BulkBarStore) -> Iterator[Window]:
    """The pages, oldest first, of which the database misses a bar."""
    page = request.page_limit * request.timeframe.duration
    for begin, stop in windows_of(request.start, request.end, _SURVEYED * page):
        here = store.settled(request.instrument_id, request.timeframe, begin, stop)
        if here == (stop - begin) // request.timeframe.duration:
            continue
        for start, end in windows_of(begin, stop, page):
            bars = (end - start) // request.timeframe.duration
            if not here or store.settled(request.instrument_id, request.timeframe, start, end) < bars:
                yield start, end

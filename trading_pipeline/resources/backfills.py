"""Histories that people load, put together of the stores and the venue; commands and the API ask here."""

from collections.abc import Callable

from sqlalchemy import Engine

from trading_pipeline.adapters.parameters.universe import usual_venue
from trading_pipeline.adapters.stores.market_data.backfill_log import PostgresBackfillLog
from trading_pipeline.adapters.stores.market_data.bulk_bar_store import PostgresBulkBarStore
from trading_pipeline.adapters.venues.catalog import venue_named
from trading_pipeline.domain.model.backfills import BackfillProgress, BackfillRequest, BackfillRun
from trading_pipeline.domain.model.bars import BarSource
from trading_pipeline.services.market_data.backfill_history import backfill_history
from trading_pipeline.settings import Settings


def backfill_by_operator(
    settings: Settings,
    engine: Engine,
    request: BackfillRequest,
    run_id: str,
    actor: str,
    told: Callable[[BackfillProgress], None] = lambda _: None,
) -> BackfillProgress:
    """Fetch a stretch from the venue of the settings, in the name of a person.

    :param run_id: of the row in ``backfill_runs`` and of the bars.
    """
    params = {
        "start": request.start.isoformat(),
        "end": request.end.isoformat(),
        "page_limit": request.page_limit,
        "max_pages": request.max_pages,
        "mode": "sync",
    }
    return backfill_history(
        request,
        BackfillRun(run_id, BarSource.REST, request.instrument_id, request.timeframe, actor, params),
        venue_named(usual_venue(settings.config_dir), settings).market_data(),
        PostgresBulkBarStore(engine, run_id),
        PostgresBackfillLog(engine),
        told,
    )

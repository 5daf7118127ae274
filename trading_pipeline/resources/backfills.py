"""Histories that people load, put together of the stores and the venue; commands and the API ask here."""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import Engine

from trading_pipeline.adapters.stores.market_data.backfill_log import PostgresBackfillLog
from trading_pipeline.domain.model.backfills import (
    BackfillProgress,
    BackfillRequest,
    BackfillRun,
    nearest_of,
    partition_keys,
    require_allowed,
    timeframe_typed,
)
from trading_pipeline.domain.model.bars import BarSource
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.launched import LaunchedJob
from trading_pipeline.domain.model.timeframes import Timeframe, day_of
from trading_pipeline.domain.model.universe import Universe
from trading_pipeline.ports.orchestrator import JobLauncher
from trading_pipeline.ports.venue.market_data import MarketData
from trading_pipeline.services.market_data.backfill_history import backfill_history
from trading_pipeline.settings import Settings


def require_backfillable(settings: Settings, instrument_id: InstrumentId, timeframe: Timeframe) -> None:
    """:raises ConfigurationError: the operator's lists in the settings leave it out."""
    require_allowed(instrument_id.symbol, _listed(settings.backfill_allowed_symbols.upper()), "symbol")
    allowed = {timeframe_typed(text) for text in _listed(settings.backfill_allowed_intervals)}
    require_allowed(timeframe, allowed, "interval")


def launch_by_operator(universe: Universe, jobs: JobLauncher, request: BackfillRequest) -> LaunchedJob:
    """Let Dagster fetch and judge the days that the range touches; nothing is computed of them.

    :raises ConfigurationError: Dagster has no partitions of it; the message names the nearest.
    """
    if request.instrument_id not in universe.instrument_ids or request.timeframe not in universe.timeframes:
        near = min(universe.timeframes, key=lambda one: abs(one.ms - request.timeframe.ms))
        hint = f"the nearest is {near}."
        if request.instrument_id not in universe.instrument_ids:
            hint = nearest_of(request.instrument_id, universe.instrument_ids)
        raise ConfigurationError(
            f"async: {request.instrument_id} {request.timeframe} is not in universe.yaml, so Dagster has no partitions "
            f"of it; {hint} Add it there or take sync"
        )
    # Dagster has no partition before history begins, and would refuse all of them for one.
    first = max(day_of(request.start), day_of(universe.history_start))
    days = max(0, -(-(request.end - first) // timedelta(days=1)))
    if not days:
        raise ConfigurationError(f"async: everything is before history_start {universe.history_start:%Y-%m-%d}")
    keys = partition_keys(first.date(), days, [request.instrument_id])
    title = f"bars of {request.instrument_id} {request.timeframe}"
    return jobs.backfill([f"bars_{request.timeframe}"], keys, title)


def backfill_by_operator(
    market_data: MarketData,
    engine: Engine,
    request: BackfillRequest,
    run_id: str,
    actor: str,
    told: Callable[[BackfillProgress], None] = lambda _: None,
) -> BackfillProgress:
    """Fetch a stretch from the venue, in the name of a person.

    :param run_id: of the row in ``backfill_runs`` and of the bars.
    """
    params = {
        "start": request.start.isoformat(),
        "end": request.end.isoformat(),
        "page_limit": request.page_limit,
        "max_pages": request.max_pages,
        "mode": "sync",
    }
    # Here alone: the API holds the 90 MB of pandas from its first history on.
    from trading_pipeline.adapters.stores.market_data.bulk_bar_store import PostgresBulkBarStore

    return backfill_history(
        request,
        BackfillRun(run_id, BarSource.REST, request.instrument_id, request.timeframe, actor, params),
        market_data,
        PostgresBulkBarStore(engine, run_id),
        PostgresBackfillLog(engine),
        told,
    )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(
        name.upper() if name.upper() != name.lower() else name for name in text.replace(" ", "").split(",") if name
    )

"""``trading-pipeline backfill``: bars of a stretch of history, from the venue into the database."""

import getpass
import sys
import time
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from trading_pipeline.cli.arguments import instant, instrument_list
from trading_pipeline.cli.running_system import StateDir, database_of, settings_of
from trading_pipeline.domain.model.backfills import BackfillRequest, require_allowed, timeframe_typed
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.timeframes import Timeframe

if TYPE_CHECKING:
    from datetime import datetime

    from trading_pipeline.domain.model.backfills import BackfillProgress
    from trading_pipeline.settings import Settings

_DAY = timedelta(days=1)


def backfill(
    symbol: Annotated[str, typer.Argument(help="e.g. BTCUSDT")],
    interval: Annotated[str, typer.Option(help="1, 15, 60, D, or 1m, 15m, 1h, 1d")] = "1",
    days: Annotated[float, typer.Option(help="how far back from --to; ignored with --from")] = 1.0,
    start: Annotated[str, typer.Option("--from", help="first open time, ISO 8601, UTC unless it says otherwise")] = "",
    end: Annotated[str, typer.Option("--to", help="end, which no bar opens at; else now")] = "",
    page: Annotated[int, typer.Option(help="bars per request, 1 to 1000")] = 1000,
    max_pages: Annotated[int, typer.Option(help="requests after which it stops and says so, 1 to 5000")] = 500,
    mode: Annotated[str, typer.Option(help="sync: here and now; async: as a Dagster backfill of whole days")] = "sync",
    state_dir: StateDir = None,
) -> None:
    """Fetch what is missing of a stretch of bars; a second run goes on where the first was cut off."""
    from trading_pipeline.adapters.parameters.universe import usual_venue
    from trading_pipeline.adapters.venues.catalog import venue_named

    if mode not in ("sync", "async"):
        raise ConfigurationError(f"--mode {mode}: is neither sync nor async")
    timeframe = timeframe_typed(interval)
    ids = instrument_list(symbol.upper())
    if len(ids) != 1:
        raise ConfigurationError(f"{symbol}: give one symbol at a time")
    settings = settings_of(state_dir)
    require_allowed(ids[0].symbol, _listed(settings.backfill_allowed_symbols.upper()), "symbol")
    allowed = {timeframe_typed(text) for text in _listed(settings.backfill_allowed_intervals)}
    require_allowed(timeframe, allowed, "interval")
    market_data = venue_named(usual_venue(settings.config_dir), settings).market_data()
    stop = instant(end, "--to") or market_data.server_time()
    since = instant(start, "--from") or stop - timedelta(days=days)
    request = BackfillRequest(ids[0], timeframe, since, stop, page, max_pages)
    if mode == "async":
        _launch(settings, request)
    else:
        _run(settings, request)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(
        name.upper() if name.upper() != name.lower() else name for name in text.replace(" ", "").split(",") if name
    )


def _run(settings: "Settings", request: BackfillRequest) -> None:
    """Fetch here, with a bar that fills."""
    from rich.progress import Progress

    from trading_pipeline.resources.backfills import backfill_by_operator

    began = time.monotonic()
    pages = -(-(request.end - request.start) // (request.page_limit * request.timeframe.duration))
    title = f"{request.instrument_id} {request.timeframe}"
    with database_of(settings) as engine, Progress(transient=not sys.stderr.isatty()) as shown:
        task = shown.add_task(title, total=(request.end - request.start).total_seconds())

        def told(progress: "BackfillProgress") -> None:
            through = progress.through or request.start
            shown.update(task, completed=(through - request.start).total_seconds())

        done = backfill_by_operator(settings, engine, request, str(uuid.uuid4()), getpass.getuser(), told)
        shown.update(task, completed=(request.end - request.start).total_seconds())
    elapsed = time.monotonic() - began
    rate = done.upserts / elapsed if elapsed else 0.0
    sys.stdout.write(
        f"{title}: {done.upserts} bars of {done.pages} pages in {elapsed:.1f} s ({rate:.0f} bars/s)"
        f"{_rest(done, pages)}\n"
    )


def _rest(done: "BackfillProgress", pages: int) -> str:
    """What the reader has to know besides."""
    if done.truncated:
        return f"; truncated: --max-pages ended it before {pages} pages; run it again to go on"
    return "" if done.pages else "; nothing was missing"


def _launch(settings: "Settings", request: BackfillRequest) -> None:
    """Let Dagster fetch and judge the days that the range touches; nothing is computed of them."""
    from trading_pipeline.adapters.parameters.universe import load_universe
    from trading_pipeline.runtime.replay.backfill import launch_backfill, partition_keys

    universe = load_universe(settings.config_dir)
    if request.instrument_id not in universe.instrument_ids or request.timeframe not in universe.timeframes:
        raise ConfigurationError(
            f"--mode async: {request.instrument_id} {request.timeframe} is not in universe.yaml, so Dagster has no "
            "partitions of it; add it there or take --mode sync"
        )
    first = max(_day(request.start), _day(universe.history_start))
    days = max(0, -(-(request.end - first) // _DAY))
    if not days:
        raise ConfigurationError(f"--mode async: everything is before history_start {universe.history_start:%Y-%m-%d}")
    keys = partition_keys(first.date(), days, [request.instrument_id])
    title = f"bars of {request.instrument_id} {request.timeframe}"
    backfill_id = launch_backfill(settings.dagster_url, [f"bars_{request.timeframe}"], keys, title)
    sys.stdout.write(f"launched {backfill_id}: {settings.dagster_url}/runs/b/{backfill_id}\n")


def _day(moment: "datetime") -> "datetime":
    return Timeframe.D1.floor(moment)

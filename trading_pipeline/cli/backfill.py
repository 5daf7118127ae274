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
from trading_pipeline.domain.model.backfills import BackfillRequest, timeframe_typed
from trading_pipeline.domain.model.errors import ConfigurationError

if TYPE_CHECKING:
    from trading_pipeline.domain.model.backfills import BackfillProgress
    from trading_pipeline.ports.venue.market_data import MarketData
    from trading_pipeline.settings import Settings


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
    from trading_pipeline.resources.backfills import require_backfillable

    if mode not in ("sync", "async"):
        raise ConfigurationError(f"--mode {mode}: is neither sync nor async")
    timeframe = timeframe_typed(interval)
    ids = instrument_list(symbol.upper())
    if len(ids) != 1:
        raise ConfigurationError(f"{symbol}: give one symbol at a time")
    settings = settings_of(state_dir)
    require_backfillable(settings, ids[0], timeframe)
    market_data = venue_named(usual_venue(settings.config_dir), settings).market_data()
    # Now is the venue's: a simulated one is on another day than this machine.
    stop = instant(end, "--to") or market_data.server_time()
    since = instant(start, "--from") or stop - timedelta(days=days)
    request = BackfillRequest(ids[0], timeframe, since, stop, page, max_pages)
    if mode == "async":
        _launch(settings, request)
    else:
        _run(settings, market_data, request)


def _run(settings: "Settings", market_data: "MarketData", request: BackfillRequest) -> None:
    """Fetch here, with a bar that fills."""
    from rich.progress import Progress

    from trading_pipeline.resources.backfills import backfill_by_operator

    began = time.monotonic()
    pages = -(-(request.end - request.start) // (request.page_limit * request.timeframe.duration))
    title = f"{request.instrument_id} {request.timeframe}"
    # Where nobody watches, the bar leaves nothing behind.
    with database_of(settings) as engine, Progress(transient=not sys.stderr.isatty()) as shown:
        task = shown.add_task(title, total=(request.end - request.start).total_seconds())

        def told(progress: "BackfillProgress") -> None:
            through = progress.through or request.start
            shown.update(task, completed=(through - request.start).total_seconds())

        done = backfill_by_operator(market_data, engine, request, str(uuid.uuid4()), getpass.getuser(), told)
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
    from trading_pipeline.adapters.orchestrator.dagster_jobs import DagsterJobs
    from trading_pipeline.adapters.parameters.universe import load_universe
    from trading_pipeline.resources.backfills import launch_by_operator

    launched = launch_by_operator(load_universe(settings.config_dir), DagsterJobs(settings.dagster_url), request)
    sys.stdout.write(f"launched {launched.run_id}: {launched.page}\n")

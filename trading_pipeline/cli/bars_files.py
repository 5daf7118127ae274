"""``trading-pipeline bars import`` and ``bars export``: bars from files into the database, and out of it."""

import getpass
import hashlib
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trading_pipeline.cli.arguments import instant, instrument_list
from trading_pipeline.cli.running_system import Reason, StateDir, database_of, settings_of
from trading_pipeline.domain.model.backfills import timeframe_typed
from trading_pipeline.domain.model.errors import ConfigurationError, DataError
from trading_pipeline.domain.model.timeframes import EPOCH

if TYPE_CHECKING:
    from trading_pipeline.domain.model.identity import InstrumentId
    from trading_pipeline.domain.model.recognised_bars import RecognisedBars

_FAR = "9999-01-01"


def import_file(
    file: Annotated[Path, typer.Argument(help="bars as Binance, Bybit, freqtrade, TradingView and others give them")],
    reason: Reason,
    symbol: Annotated[str, typer.Option(help="whose bars; else as the file says")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="take them without asking")] = False,
    state_dir: StateDir = None,
) -> None:
    """Show what is recognised in a file of bars, and take it after a yes; the venue's own word goes before it."""
    from trading_pipeline.adapters.files.bar_files import recognised_file
    from trading_pipeline.resources.bar_imports import import_by_operator

    found = recognised_file(file)
    instrument_id = _whose(found, symbol, file)
    sys.stdout.write("\n".join([*found.described(), f"into: {instrument_id} {found.timeframe}", ""]))
    if not yes and not typer.confirm("take these bars?"):
        raise typer.Exit(1)
    # Of the file as it was taken: its name may be given to another one tomorrow.
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    params = {"file": file.name, "sha256": digest, "reason": reason}
    run_id = str(uuid.uuid4())
    with database_of(settings_of(state_dir)) as engine:
        new = import_by_operator(engine, found, instrument_id, run_id, getpass.getuser(), params)
    sys.stdout.write(f"{new} of {len(found.frame)} bars are new; recorded as {run_id}\n")


def export_files(
    folder: Annotated[Path, typer.Argument(help="gets instrument_id=.../timeframe=.../year=.../bars.parquet")],
    symbol: Annotated[str, typer.Option(help="comma-separated")],
    interval: Annotated[str, typer.Option(help="comma-separated: 1, 60, D, or 1m, 1h, 1d")],
    start: Annotated[str, typer.Option("--from", help="first open time; else everything")] = "",
    end: Annotated[str, typer.Option("--to", help="end, which no bar opens at")] = "",
    state_dir: StateDir = None,
) -> None:
    """Write consolidated bars as Parquet, one file a year, which DuckDB and pandas read as one table."""
    from trading_pipeline.adapters.files.parquet_files import write_bar_files
    from trading_pipeline.adapters.stores.market_data.bar_store import PostgresBarStore

    since, until = instant(start, "--from") or EPOCH, instant(end or _FAR, "--to") or EPOCH
    if since >= until:
        raise ConfigurationError(f"--from {start} is not before --to {end}")
    timeframes = [timeframe_typed(text) for text in interval.replace(" ", "").split(",") if text]
    with database_of(settings_of(state_dir)) as engine:
        store = PostgresBarStore(engine)
        for instrument_id in instrument_list(symbol.upper()):
            for timeframe in timeframes:
                bars = store.frame([instrument_id], timeframe, since, until)
                if bars.empty:
                    raise DataError(
                        f"the database has no {timeframe} bars of {instrument_id} there; backfill them first"
                    )
                files = write_bar_files(folder, bars, instrument_id, timeframe)
                sys.stdout.write(f"{instrument_id} {timeframe}: {len(bars)} bars in {len(files)} files\n")


def _whose(found: "RecognisedBars", typed: str, file: Path) -> "InstrumentId":
    """The instrument that was typed, or that the file names.

    :raises ConfigurationError: neither names one, or they disagree.
    """
    from trading_pipeline.resources.bar_imports import require_same_symbol

    if not typed and not found.symbol:
        raise ConfigurationError(f"{file} does not say whose bars it holds; give --symbol")
    instrument_id = instrument_list((typed or found.symbol).upper())[0]
    # Typed to be sure is typed to be compared: a wrong symbol would put one market's prices into another's history.
    require_same_symbol(found, instrument_id, str(file))
    return instrument_id

"""``trading-pipeline indicators``: every indicator of recorded bars as a CSV."""

from pathlib import Path
from typing import Annotated

import typer


def indicators(
    bars: Annotated[str, typer.Option("--bars", help="CSV, plain or packed, or db")],
    timeframe: Annotated[str, typer.Option("--timeframe", help="1m 5m 15m 30m 1h 4h 8h 1d")],
    out: Annotated[Path, typer.Option("--out", help="write the CSV here; .gz compresses it")],
    instrument_id: Annotated[str, typer.Option("--symbol", help="needed with --bars db")] = "",
    allow_zero_volume: Annotated[bool, typer.Option("--allow-zero-volume", help="take bars without volume")] = False,
) -> None:
    """Write open_time_ms and one column per indicator, empty where it has no value."""
    from trading_pipeline.adapters.files.indicator_files import write_indicators
    from trading_pipeline.cli.arguments import instrument_list
    from trading_pipeline.cli.bar_sources import DATABASE, bar_notes, load_bars
    from trading_pipeline.domain.indicators.snapshot import snapshot
    from trading_pipeline.domain.model.errors import ConfigurationError
    from trading_pipeline.domain.model.identity import InstrumentId
    from trading_pipeline.domain.model.timeframes import Timeframe

    if bars == DATABASE and not instrument_id:
        raise ConfigurationError("--symbol is missing; the database has bars of several symbols")
    # A file holds one instrument, and indicators do not depend on its name.
    name = instrument_list(instrument_id)[0] if instrument_id else InstrumentId("UNNAMED")
    read = load_bars(bars, name, Timeframe.parse(timeframe), allow_zero_volume=allow_zero_volume)
    values = snapshot(read.frame)
    write_indicators(out, read.frame, values)
    typer.echo(f"{len(values.columns)} indicators of {len(read.frame)} bars → {out}")
    for note in bar_notes(read, bars):
        typer.echo(note)

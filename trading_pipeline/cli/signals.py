"""``trading-pipeline signals``: what a strategy says about recorded bars."""

from pathlib import Path
from typing import Annotated

import typer


def signals(
    bars: Annotated[str, typer.Option("--bars", help="CSV, plain or packed, or db")],
    instrument_id: Annotated[str, typer.Option("--symbol", help="e.g. BTCUSDT")],
    timeframe: Annotated[str, typer.Option("--timeframe", help="1m 5m 15m 30m 1h 4h 8h 1d")],
    strategy: Annotated[str, typer.Option("--strategy", help="name; strategy list shows them")],
    json: Annotated[Path, typer.Option("--json", help="write the signals here")],
    param: Annotated[list[str] | None, typer.Option("--param", help="name=value; repeatable")] = None,
    start: Annotated[str, typer.Option("--from", help="first open time, ISO 8601, UTC")] = "",
    end: Annotated[str, typer.Option("--to", help="open times before this one")] = "",
    allow_zero_volume: Annotated[bool, typer.Option("--allow-zero-volume", help="take bars without volume")] = False,
) -> None:
    """Write every signal with its evidence; positions count the bars from 0, times are closing instants."""
    from dataclasses import asdict

    from trading_pipeline.adapters.files.run_files import write_document
    from trading_pipeline.cli.arguments import assignments, instant, instrument_list
    from trading_pipeline.cli.bar_sources import bar_notes, load_bars
    from trading_pipeline.cli.rules import read_strategy
    from trading_pipeline.domain.model.errors import ConfigurationError
    from trading_pipeline.domain.model.timeframes import Timeframe
    from trading_pipeline.services.research.find_signals import find_signals
    from trading_pipeline.services.research.research_window import Window
    from trading_pipeline.settings import Settings

    names, length = instrument_list(instrument_id), Timeframe.parse(timeframe)
    if len(names) > 1:
        raise ConfigurationError(f"--symbol {instrument_id}: signals are written for one symbol at a time")
    window = Window(instant(start, "--from"), instant(end, "--to"))
    chosen = read_strategy(Settings().config_dir, strategy, assignments(param or [], "--param"))
    read = load_bars(bars, names[0], length, allow_zero_volume=allow_zero_volume)
    found = find_signals(chosen, read.frame, window)
    write_document(json, {"signals": [asdict(signal) for signal in found]})
    typer.echo(f"{len(found)} signals of {chosen.name} in {len(read.frame)} bars → {json}")
    for note in bar_notes(read, bars):
        typer.echo(note)

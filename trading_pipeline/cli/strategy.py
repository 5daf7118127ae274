"""``trading-pipeline strategy``: which strategies there are, and whether one can be trusted."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import pandas as pd

    from trading_pipeline.domain.strategies.framework.base import Strategy
    from trading_pipeline.domain.strategies.framework.differences import Difference

strategy = typer.Typer(name="strategy", help="List and check strategies.", no_args_is_help=True, add_completion=False)

_SHOWN = 20
# Several warm-ups long, so that what recursions forget has been forgotten and signals are left to look at.
_GENERATED_BARS = 6_000
_LATER_STARTS = 5


@strategy.command(name="list")
def list_strategies() -> None:
    """Name every strategy with its parameters, their defaults and ranges."""
    from dataclasses import fields

    from trading_pipeline.adapters.parameters.strategy_files import available_strategies, find_strategy
    from trading_pipeline.settings import Settings

    folder = Settings().config_dir
    for name in available_strategies(folder):
        parameters = find_strategy(folder, name, {}).parameters
        typer.echo(name)
        for spec in fields(parameters):
            value = getattr(parameters, spec.name)
            shown = ",".join(value) if isinstance(value, tuple) else value
            typer.echo(f"  {spec.name} = {shown}  ({parameters.allowed(spec.name)})")


@strategy.command()
def check(
    name: Annotated[str, typer.Argument(help="name; strategy list shows them")],
    bars: Annotated[str, typer.Option("--bars", help="CSV, plain or packed, or db; generated bars without it")] = "",
    instrument_id: Annotated[str, typer.Option("--symbol", help="e.g. BTCUSDT")] = "BTCUSDT",
    timeframe: Annotated[str, typer.Option("--timeframe", help="1m 5m 15m 30m 1h 4h 8h 1d")] = "1h",
    param: Annotated[list[str] | None, typer.Option("--param", help="name=value; repeatable")] = None,
    allow_zero_volume: Annotated[bool, typer.Option("--allow-zero-volume", help="take bars without volume")] = False,
    samples: Annotated[
        int | None,
        typer.Option(
            "--samples", min=1, help="ask at so many bars with a signal or an exit, and so many others; else at all"
        ),
    ] = None,
) -> None:
    """Look for look-ahead, repainting and dependence on where bars start; exit code 1 when something differs.

    The future is cut off after every bar with a signal or an exit, and after others; the answer says after how many.
    """
    from trading_pipeline.cli.arguments import assignments, instrument_list
    from trading_pipeline.cli.bar_sources import bar_notes, load_bars
    from trading_pipeline.cli.rules import read_strategy
    from trading_pipeline.domain.model.timeframes import Timeframe
    from trading_pipeline.domain.strategies.framework.higher_timeframes import with_resampled
    from trading_pipeline.services.research.sample_bars import sample_bars
    from trading_pipeline.settings import Settings

    chosen = read_strategy(Settings().config_dir, name, assignments(param or [], "--param"))
    length, one = Timeframe.parse(timeframe), instrument_list(instrument_id)[0]
    if bars:
        read = load_bars(bars, one, length, allow_zero_volume=allow_zero_volume)
        frame = read.frame
        for note in bar_notes(read, bars):
            typer.echo(note)
    else:
        frame = sample_bars(one, length, _GENERATED_BARS)
    typer.echo(f"{name}: {len(chosen.signals(with_resampled(chosen, frame)))} signals in {len(frame)} {length} bars")
    if not _report(chosen, frame, samples):
        raise typer.Exit(1)


def _report(chosen: "Strategy", frame: "pd.DataFrame", samples: int | None) -> bool:
    """What was asked, one line per question and per difference; whether nothing differs."""
    from trading_pipeline.domain.strategies.framework.checks import WARMUP_BARS, recursive_warmup, without_future

    answer = without_future(chosen, frame, samples)
    typer.echo(f"future cut off after {answer.cuts}")
    _tell("look-ahead", answer.look_ahead)
    _tell("repaint", answer.repaint)
    # SignalsByBar and not passed over: what was not asked is not answered by "no difference".
    if len(frame) <= WARMUP_BARS + 1:
        typer.echo(f"recursive warm-up: not asked; needs more than {WARMUP_BARS + 1} bars")
        return not (answer.look_ahead or answer.repaint)
    starts = min(_LATER_STARTS, len(frame) - WARMUP_BARS - 1)
    typer.echo(f"bars started later at a sample of {starts} of {len(frame) - WARMUP_BARS - 1} places")
    _tell("recursive warm-up", recursive := recursive_warmup(chosen, frame, samples=starts))
    return not (answer.look_ahead or answer.repaint or recursive)


def _tell(question: str, differences: "list[Difference]") -> None:
    """The answer to one question."""
    typer.echo(f"{question}: {len(differences) or 'no'} difference{'s' if len(differences) != 1 else ''}")
    for difference in differences[:_SHOWN]:
        typer.echo(f"  {difference}")
    if len(differences) > _SHOWN:
        typer.echo(f"  and {len(differences) - _SHOWN} more")

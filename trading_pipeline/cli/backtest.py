"""``trading-pipeline backtest``: what a strategy would have earned; ``backtest compare``: two runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trading_pipeline.domain.model.errors import ConfigurationError

if TYPE_CHECKING:
    from trading_pipeline.domain.model.backtest_runs import RunRecord
    from trading_pipeline.services.research.run_backtest import BacktestRun

backtest = typer.Typer(
    name="backtest",
    help="Trade a strategy's signals over recorded bars and report; or compare two runs.",
    invoke_without_command=True,
    no_args_is_help=True,
    add_completion=False,
)

Param = Annotated[
    list[str] | None,
    typer.Option("--param", help="name=value; a parameter of the strategy or a rule of the engine; repeatable"),
]
Start = Annotated[str, typer.Option("--from", help="first open time, ISO 8601, UTC unless it says otherwise")]
End = Annotated[str, typer.Option("--to", help="open times before this one")]
Bars = Annotated[str, typer.Option("--bars", help="CSV, plain or packed, with {symbol} for several symbols; or db")]


@backtest.callback()
def run(
    context: typer.Context,
    bars: Bars = "",
    instrument_id: Annotated[str, typer.Option("--symbol", help="e.g. BTCUSDT; several separated by commas")] = "",
    timeframe: Annotated[
        str, typer.Option("--timeframe", help="1m 5m 15m 30m 1h 4h 8h 1d, several by commas; else those of the file")
    ] = "",
    strategy: Annotated[str, typer.Option("--strategy", help="name, several by commas; strategy list shows them")] = "",
    rules: Annotated[str, typer.Option("--rules", help="live, research, freqtrade or backtesting.py")] = "",
    param: Param = None,
    start: Start = "",
    end: End = "",
    json: Annotated[Path | None, typer.Option("--json", help="write run, figures and trades here")] = None,
    report: Annotated[Path | None, typer.Option("--report", help="write a page with charts and tables here")] = None,
    store: Annotated[bool, typer.Option("--store", help="keep the run in the database")] = False,
    run_id: Annotated[str, typer.Option("--run-id", help="name of the run; else derived from bars and rules")] = "",
    funding: Annotated[str, typer.Option("--funding", help="CSV of funding_time_ms,funding_rate")] = "",
    magnifier: Annotated[str, typer.Option("--magnifier", help="CSV of 1m bars for the walk inside a bar")] = "",
    allow_zero_volume: Annotated[bool, typer.Option("--allow-zero-volume", help="take bars without volume")] = False,
    allow_jumps: Annotated[bool, typer.Option("--allow-jumps", help="take prices that jump as no market does")] = False,
) -> None:
    """Run a backtest; prints the headline figures."""
    if context.invoked_subcommand is not None:
        return
    from dataclasses import replace

    from trading_pipeline.cli.arguments import assignments, instant, instrument_list, names
    from trading_pipeline.cli.backtest_request import TypedBacktest, request_of
    from trading_pipeline.cli.bar_sources import TypedBars
    from trading_pipeline.cli.rules import TypedRules
    from trading_pipeline.domain.model.timeframes import Timeframe
    from trading_pipeline.services.research.research_window import Window
    from trading_pipeline.services.research.run_backtest import run_backtest

    for name, value in {"--bars": bars, "--symbol": instrument_id, "--strategy": strategy}.items():
        if not value:
            raise ConfigurationError(f"{name} is missing; see trading-pipeline backtest --help")
    typed = TypedBacktest(
        bars=TypedBars(bars, allow_zero_volume),
        instrument_ids=instrument_list(instrument_id),
        strategies=names(strategy, "--strategy"),
        timeframes=tuple(map(Timeframe.parse, names(timeframe, "--timeframe"))) if timeframe else (),
        rules=TypedRules(rules, assignments(param or [], "--param")),
        window=Window(instant(start, "--from"), instant(end, "--to")),
        funding=funding,
        magnifier=magnifier,
    )
    done = run_backtest(replace(request_of(typed), allow_jumps=allow_jumps, run_id=run_id))
    # The files before the database: where that is away, what was computed is not lost.
    _write(done, json, report)
    if store:
        _store(done.record)
    _print(done)


@backtest.command()
def compare(
    first: Annotated[str, typer.Argument(help="stored run, the beginning of its id, or a file of --json")],
    second: Annotated[str, typer.Argument(help="likewise")],
    json: Annotated[Path | None, typer.Option("--json", help="write the comparison here")] = None,
) -> None:
    """Show in which rules, figures and trades two runs differ; exit code 1 when figures or trades do."""
    from dataclasses import asdict

    from trading_pipeline.adapters.files.run_files import write_document
    from trading_pipeline.cli.backtest_tables import comparison_tables, result_console
    from trading_pipeline.services.research.compare_backtests import compare_backtests

    comparison = compare_backtests(_load(first), _load(second))
    if json is not None:
        write_document(json, {**asdict(comparison), "equal": comparison.equal})
    console = result_console()
    for table in comparison_tables(comparison):
        console.print(table)
    # For scripts: a run that is compared with a stored one is a test.
    raise typer.Exit(0 if comparison.equal else 1)


def _write(done: "BacktestRun", json: Path | None, report: Path | None) -> None:
    """The files that were asked for."""
    from trading_pipeline.adapters.files.run_files import run_document, write_document, write_text

    if json is not None:
        write_document(json, run_document(done.record))
    if report is not None:
        from trading_pipeline.adapters.reports.html_report import html_report

        write_text(report, html_report(done.record, done.bars))


def _store(run: "RunRecord") -> None:
    from trading_pipeline.adapters.stores.research.backtest_store import PostgresBacktestStore
    from trading_pipeline.cli.bar_sources import open_database

    with open_database() as engine:
        PostgresBacktestStore(engine).save(run)


def _load(name: str) -> "RunRecord":
    """A run from a file or the database."""
    from trading_pipeline.adapters.files.run_files import read_run
    from trading_pipeline.adapters.stores.research.backtest_store import PostgresBacktestStore
    from trading_pipeline.cli.bar_sources import open_database

    # By its ending alone a file that is missing is told as such, and not as an unknown run.
    if name.endswith(".json") or Path(name).is_file():
        return read_run(Path(name))
    with open_database() as engine:
        return PostgresBacktestStore(engine).load(name)


def _print(done: "BacktestRun") -> None:
    """The rules, headline figures, and what the reader should know about the bars."""
    from trading_pipeline.cli.backtest_tables import headline, result_console

    console = result_console()
    console.print(done.record.rules, markup=False)
    console.print(headline(done.record))
    for note in done.record.notes:
        console.print(note, style="yellow", markup=False)

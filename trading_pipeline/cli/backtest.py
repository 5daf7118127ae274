"""``trading-pipeline backtest``: what a strategy would have earned; ``backtest compare``: two runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trading_pipeline.domain.model.errors import ConfigurationError

if TYPE_CHECKING:
    from trading_pipeline.ports.backtest_store import RunRecord
    from trading_pipeline.services.run_backtest import BacktestRequest, BacktestRun

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
    symbol: Annotated[str, typer.Option("--symbol", help="e.g. BTCUSDT; several separated by commas")] = "",
    timeframe: Annotated[str, typer.Option("--timeframe", help="1m 5m 15m 30m 1h 4h 8h 1d")] = "",
    strategy: Annotated[str, typer.Option("--strategy", help="name; strategy list shows them")] = "",
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

    from trading_pipeline.services.run_backtest import run_backtest

    options = {"--bars": bars, "--symbol": symbol, "--timeframe": timeframe, "--strategy": strategy}
    for name, value in options.items():
        if not value:
            raise ConfigurationError(f"{name} is missing; see trading-pipeline backtest --help")
    request = replace(
        _request(options, param or [], (start, end), (funding, magnifier), allow_zero_volume=allow_zero_volume),
        allow_jumps=allow_jumps,
        run_id=run_id,
    )
    done = run_backtest(request)
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
    from trading_pipeline.services.compare_backtests import compare_backtests

    comparison = compare_backtests(_load(first), _load(second))
    if json is not None:
        write_document(json, {**asdict(comparison), "equal": comparison.equal})
    console = result_console()
    for table in comparison_tables(comparison):
        console.print(table)
    raise typer.Exit(0 if comparison.equal else 1)


def _request(
    options: dict[str, str],
    params: list[str],
    window: tuple[str, str],
    extra: tuple[str, str],
    *,
    allow_zero_volume: bool,
) -> "BacktestRequest":
    """Everything typed, read and checked; names before files, so that a slip is told at once."""
    from trading_pipeline.adapters.files.bar_files import read_bar_file
    from trading_pipeline.adapters.files.code_version import deciding_code_version
    from trading_pipeline.adapters.files.funding_files import read_funding_file
    from trading_pipeline.cli.arguments import assignments, instant, symbol_list
    from trading_pipeline.cli.bar_sources import load_bars, require_place_for
    from trading_pipeline.cli.rules import read_rules
    from trading_pipeline.domain.model.timeframes import Timeframe
    from trading_pipeline.services.research_window import Window
    from trading_pipeline.services.run_backtest import BacktestRequest
    from trading_pipeline.settings import Settings

    symbols, timeframe = symbol_list(options["--symbol"]), Timeframe.parse(options["--timeframe"])
    span = Window(instant(window[0], "--from"), instant(window[1], "--to"))
    rules = read_rules(Settings().config_dir, options["--strategy"], assignments(params, "--param"))
    funding, magnifier = extra
    for source in (options["--bars"], *(text for text in extra if text)):
        require_place_for(source, symbols)
    paths = {one: [Path(text.replace("{symbol}", one)) for text in extra] for one in symbols}
    source = options["--bars"]
    read = {one: load_bars(source, one, timeframe, allow_zero_volume=allow_zero_volume) for one in symbols}
    return BacktestRequest(
        strategy=rules.strategy,
        timeframe=timeframe,
        bars={one: bars.frame for one, bars in read.items()},
        notes=tuple(bars.note for bars in read.values() if bars.note),
        config=rules.config,
        code_version=deciding_code_version(),
        window=span,
        steps=rules.steps,
        funding={one: read_funding_file(paths[one][0]) for one in symbols} if funding else {},
        fine_bars={
            one: read_bar_file(paths[one][1], one, Timeframe.M1, allow_zero_volume=True).frame for one in symbols
        }
        if magnifier
        else {},
    )


def _write(done: "BacktestRun", json: Path | None, report: Path | None) -> None:
    """The files that were asked for."""
    from trading_pipeline.adapters.files.run_files import run_document, write_document, write_text

    if json is not None:
        write_document(json, run_document(done.record))
    if report is not None:
        from trading_pipeline.adapters.reports.html_report import html_report

        write_text(report, html_report(done.record, done.bars))


def _store(run: "RunRecord") -> None:
    from trading_pipeline.adapters.stores.backtest_store import PostgresBacktestStore
    from trading_pipeline.cli.bar_sources import open_database

    with open_database() as engine:
        PostgresBacktestStore(engine).save(run)


def _load(name: str) -> "RunRecord":
    """A run from a file or the database."""
    from trading_pipeline.adapters.files.run_files import read_run
    from trading_pipeline.adapters.stores.backtest_store import PostgresBacktestStore
    from trading_pipeline.cli.bar_sources import open_database

    if name.endswith(".json") or Path(name).is_file():
        return read_run(Path(name))
    with open_database() as engine:
        return PostgresBacktestStore(engine).load(name)


def _print(done: "BacktestRun") -> None:
    """Headline figures, and what the reader should know about the bars."""
    from trading_pipeline.cli.backtest_tables import headline, result_console

    console = result_console()
    console.print(headline(done.record))
    for note in done.record.notes:
        console.print(note, style="yellow", markup=False)

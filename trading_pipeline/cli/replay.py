"""``trading-pipeline replay``: the same bars through the whole pipeline."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from trading_pipeline.cli.arguments import assignments, instant, instrument_list, money
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.timeframes import Timeframe, day_of

EXIT_DIFFERENT = 1
"""The pipeline and the backtest engine disagree about the same bars."""


def replay(
    bars: Annotated[Path | None, typer.Option(help="folder of recorded bars (CSV or CSV.gz); else generated")] = None,
    seed: Annotated[int, typer.Option(help="of the generated bars; same seed, same trades")] = 7,
    symbols: Annotated[str, typer.Option("--symbols", "--symbol", help="comma-separated")] = "BTCUSDT,SOLUSDT,ADAUSDT",
    timeframes: Annotated[
        str, typer.Option("--timeframes", "--timeframe", help="comma-separated; else those of universe.yaml")
    ] = "",
    strategy: Annotated[str, typer.Option(help="replayed alone; else what the configuration enables")] = "",
    param: Annotated[list[str] | None, typer.Option(help="name=value of the strategy, repeatable")] = None,
    start: Annotated[str, typer.Option("--from", help="first day to replay, YYYY-MM-DD (UTC)")] = "2025-06-02",
    days: Annotated[float, typer.Option(min=0.01, help="days to replay")] = 1,
    backfill_days: Annotated[int, typer.Option(min=0, help="days of bars to backfill before them")] = 60,
    balance: Annotated[str, typer.Option(help="initial USDT")] = "10000",
    run_id: Annotated[str, typer.Option(help="name of the report; else the start of this replay")] = "",
    parity: Annotated[
        bool, typer.Option("--parity", help="compare with the backtest engine; exit 1 if unequal")
    ] = False,
    port: Annotated[int, typer.Option(help="port of the Dagster UI")] = 3000,
    config: Annotated[
        Path, typer.Option(help="folder of the configuration that is replayed", envvar="TRADING_CONFIG_DIR")
    ] = Path("config"),
    state_dir: Annotated[Path, typer.Option(help="emptied first; databases and logs")] = Path("var/replay"),
    reports: Annotated[Path, typer.Option(help="folder of the reports")] = Path("reports"),
) -> None:
    """Replay bars through pipeline and simulator until idle; write reports/replay_<run_id>.{md,json,html}."""
    from trading_pipeline.runtime.replay.replay import run_replay
    from trading_pipeline.runtime.replay.replay_plan import ReplayedStrategy, ReplayPlan

    if bars is not None and not bars.is_dir():
        raise ConfigurationError(f"--bars {bars}: no such folder")
    if param and not strategy:
        raise ConfigurationError("--param needs the --strategy it belongs to")
    plan = ReplayPlan(
        bars_dir=bars.resolve() if bars else None,
        seed=seed,
        instrument_ids=instrument_list(symbols),
        start=_day(start),
        days=days,
        backfill_days=backfill_days,
        port=port,
        state_dir=state_dir.resolve(),
        timeframes=tuple(Timeframe.parse(name) for name in timeframes.replace(" ", "").split(",") if name),
        balance=money(balance, "--balance"),
        strategy=ReplayedStrategy(strategy, assignments(param or [], "--param")) if strategy else None,
    )
    name = _file_name(run_id or f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    if not run_replay(plan, config, reports, name, parity=parity):
        raise typer.Exit(EXIT_DIFFERENT)


def _day(text: str) -> datetime:
    found = instant(text, "--from")
    if found is None or found != day_of(found):
        raise ConfigurationError(f"--from {text}: not a day; write it like 2025-11-01")
    return found


def _file_name(run_id: str) -> str:
    if not run_id.replace("-", "").replace("_", "").isalnum():
        raise ConfigurationError(f"--run-id {run_id}: use letters, digits, - and _")
    return run_id

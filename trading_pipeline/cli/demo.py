"""``trading-pipeline demo``: see it trade."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from trading_pipeline.domain.model.errors import ConfigurationError


def demo(
    bars: Annotated[Path | None, typer.Option(help="folder of recorded bars (CSV or CSV.gz); else generated")] = None,
    seed: Annotated[int, typer.Option(help="of the generated bars; same seed, same trades")] = 7,
    symbols: Annotated[str, typer.Option(help="comma-separated")] = "BTCUSDT,SOLUSDT,ADAUSDT",
    start: Annotated[str, typer.Option("--from", help="first day to replay, YYYY-MM-DD (UTC)")] = "2025-06-02",
    days: Annotated[float, typer.Option(min=0.01, help="days to replay")] = 1,
    backfill_days: Annotated[int, typer.Option(min=0, help="days of bars to backfill before them")] = 60,
    port: Annotated[int, typer.Option(help="port of the Dagster UI")] = 3000,
    api_port: Annotated[int, typer.Option(help="port of the API that --keep adds; 0: none", min=0, max=65535)] = 8000,
    keep: Annotated[bool, typer.Option("--keep", help="leave everything running until Ctrl-C")] = False,
    config: Annotated[
        Path, typer.Option(help="folder of the configuration that is replayed", envvar="TRADING_CONFIG_DIR")
    ] = Path("config"),
    state_dir: Annotated[Path, typer.Option(help="emptied first; databases and logs")] = Path("var/demo"),
) -> None:
    """Backfill, replay in lock-step through the whole pipeline, and report."""
    from trading_pipeline.cli.arguments import instrument_list
    from trading_pipeline.runtime.replay.demo import run_demo
    from trading_pipeline.runtime.replay.replay_plan import ReplayPlan

    if bars is not None and not bars.is_dir():
        raise ConfigurationError(f"--bars {bars}: no such folder")
    plan = ReplayPlan(
        bars_dir=bars.resolve() if bars else None,
        seed=seed,
        instrument_ids=instrument_list(symbols),
        start=_day(start),
        days=days,
        backfill_days=backfill_days,
        port=port,
        state_dir=state_dir.resolve(),
        api_port=api_port if keep else 0,
    )
    run_demo(plan, config, Path("reports"), keep=keep)


def _day(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise ConfigurationError(f"--from {text}: not a day; write it like 2025-11-01") from None

"""From a close to a stored plan and an acknowledged order, and from a fill to its answer: warm workers against stock.

One instrument, lock-step exchange, every process of the real system. Between two waves the bench waits until
the sensors are back in their long poll, as they are when bars close minutes apart. Both launchers run in
one session on the same bars; the ratio is what to quote.

    python benchmarks/wave_latency.py --waves 40 --stock-waves 10

With ``--wide`` many generated instruments close at once instead, late in the day, on resident workers alone:

    python benchmarks/wave_latency.py --wide 200 --waves 8

With ``--midnights`` every timeframe closes at one instant, for three instruments:

    python benchmarks/wave_latency.py --midnights 3
"""

import argparse
import math
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, text

import trading_pipeline.runtime as runtime_package
from trading_pipeline.adapters.stores.operations.progress import progress
from trading_pipeline.adapters.stores.postgres.database import connect
from trading_pipeline.domain.model.timeframes import Timeframe, closing_timeframes
from trading_pipeline.runtime.replay.backfill import launch_backfill, wait_for_backfill
from trading_pipeline.runtime.replay.lock_step import ExchangeClock
from trading_pipeline.runtime.supervision.embedded import free_port
from trading_pipeline.runtime.supervision.up import RunningSystem
from trading_pipeline.settings import GivenSettings

START = datetime(2025, 6, 2, tzinfo=UTC)
_PATIENCE_S = 300
"""The first wave of many instruments fetches the window of each."""
STAGES = ("bars", "indicator_snapshots", "signals", "trade_plans")
TIMEFRAMES = tuple(timeframe for timeframe in Timeframe if timeframe is not Timeframe.M1)
"""Generated bars are made of five minutes."""
SENSORS_RETURN_S = 1.6
"""A tick ends, a second passes, the next one begins: then somebody listens again."""

EAGER = {
    "strategy": "ema_atr",
    "enabled": True,
    "parameters": {"fast_period": 2, "slow_period": 3, "atr_period": 14, "stop_atr_multiple": 0.25},
    "lifecycle": {
        "targets": [{"r_multiple": 1, "fraction": 0.4}, {"r_multiple": 2, "fraction": 0.4}],
        "runner": {"fraction": 0.2, "atr_multiple": 3, "atr_period": 14},
    },
}
"""A strategy that crosses every few bars and is stopped soon, so that a short bench sees many orders."""


@dataclass(frozen=True, slots=True)
class Market:
    """What is generated, and when its clock begins.

    :param backfilled: whether the day so far is computed first, as it is where the system has run before.
    :param uncounted: waves before the first that is measured; the first runs of each process pay for its imports, and
        the first wave of each timeframe computes its whole day.
    """

    symbols: Sequence[str]
    start: datetime
    timeframes: Sequence[Timeframe] = (Timeframe.M15,)
    backfilled: bool = False
    uncounted: int = 2


ONE_INSTRUMENT = Market(("BTCUSDT",), START)


@dataclass(slots=True)
class Sample:
    """Seconds of wall time since the exchange was told to go on.

    :ivar answered: until the stop of a position that a target or stop had filled was where it belongs.
    """

    plans_stored: list[float] = field(default_factory=list)
    acknowledged: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)


def main() -> None:
    """Measure both launchers and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--waves", type=int, default=40)
    parser.add_argument("--stock-waves", type=int, default=10)
    parser.add_argument("--wide", type=int, default=0, help="instruments that close at once")
    parser.add_argument("--midnights", type=int, default=0, help="days whose end closes every timeframe at once")
    arguments = parser.parse_args()
    console = Console()
    console.print(
        f"load of the machine before: {', '.join(f'{load:.1f}' for load in os.getloadavg())} (1, 5, 15 minutes)"
    )
    resident_yaml = Path(runtime_package.__file__).parent / "dagster" / "dagster.yaml"
    if arguments.wide:
        console.print(wide(resident_yaml, arguments.wide, arguments.waves))
        return
    if arguments.midnights:
        console.print(midnights(resident_yaml, arguments.midnights))
        return
    with tempfile.TemporaryDirectory(prefix="tp-bench-") as folder:
        stock_yaml = Path(folder) / "stock.yaml"
        stock_yaml.write_text(without_launcher(resident_yaml.read_text()))
        console.print(f"resident workers, {arguments.waves} waves …")
        resident = measure(Path(folder) / "resident", resident_yaml, arguments.waves)
        console.print(f"stock launcher, {arguments.stock_waves} waves …")
        stock = measure(Path(folder) / "stock", stock_yaml, arguments.stock_waves)
    console.print(report(resident, stock))


def wide(resident_yaml: Path, instruments: int, waves: int) -> Table:
    """Many instruments, two hours before midnight, when a day is long."""
    symbols = [f"GEN{number:04d}USDT" for number in range(instruments)]
    market = Market(symbols, START.replace(hour=21, minute=45))
    with tempfile.TemporaryDirectory(prefix="tp-bench-") as folder:
        sample = measure(Path(folder), resident_yaml, waves, market)
    return narrow_table(f"{instruments} instruments", sample.plans_stored)


def midnights(resident_yaml: Path, days: int) -> Table:
    """Three instruments, seven timeframes, a system of its own for each midnight."""
    symbols = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
    stored = []
    for day in range(days):
        start = START.replace(hour=22, minute=45) + timedelta(days=day)
        # Fourteen waves of five minutes lead to it, and an hour has closed among them, as it has where a system runs.
        market = Market(symbols, start, TIMEFRAMES, backfilled=True, uncounted=14)
        with tempfile.TemporaryDirectory(prefix="tp-bench-") as folder:
            stored += measure(Path(folder), resident_yaml, 1, market).plans_stored
    return narrow_table(f"{len(symbols)} instruments, {len(TIMEFRAMES)} timeframes at once", stored)


def narrow_table(what: str, stored: list[float]) -> Table:
    """Percentiles of one figure."""
    table = Table(title=f"close → plans stored, seconds of wall time, {what}", title_justify="left")
    for column in ("samples", "p50", "p95"):
        table.add_column(column, justify="right")
    table.add_row(*figures(stored))
    return table


def without_launcher(text_of_yaml: str) -> str:
    """The same instance with Dagster's own run launcher, which starts an interpreter per run."""
    content = yaml.safe_load(text_of_yaml)
    del content["run_launcher"]
    return yaml.safe_dump(content)


def measure(folder: Path, dagster_yaml: Path, waves: int, market: Market = ONE_INSTRUMENT) -> Sample:
    """Run the system on ``waves`` bars of each instrument."""
    config = folder / "config"
    write_config(config, market)
    exchange = ["--seed", "7", "--symbols", ",".join(market.symbols), "--port", str(free_port())]
    exchange += ["--start", market.start.isoformat(), "--lock-step", str(min(market.timeframes, key=_length))]
    # Where the clock stands an order on its way never arrives, and the bench would wait for its fill for ever.
    exchange += ["--latency-ms", "0"]
    settings = GivenSettings(TRADING_STATE_DIR=folder / "state", TRADING_CONFIG_DIR=config)
    system = RunningSystem(settings, free_port(), exchange)
    system.state.dagster_yaml = dagster_yaml
    with system:
        if system.exchange is None:
            raise SystemExit("the bench needs the exchange simulator")
        clock = ExchangeClock(system.exchange.rest_url)
        engine = connect(system.state.variables["DATABASE_URL"])
        wait_for_feed(clock)
        if market.backfilled:
            backfill(system.webserver, market)
        sample = Sample()
        for number in range(waves + market.uncounted):
            time.sleep(SENSORS_RETURN_S)
            told_at = time.time()
            while (stand := clock.advance()).event:
                wait_until_settled(clock, engine, None, [])
                sample.answered.append(time.time() - told_at)
                time.sleep(SENSORS_RETURN_S)
                told_at = time.time()
            wait_until_settled(clock, engine, stand.now, closing_timeframes(stand.now, market.timeframes))
            if number >= market.uncounted:
                collect(engine, stand.now, told_at, sample)
        engine.dispose()
        return sample


def write_config(folder: Path, market: Market) -> None:
    """The eager strategy in every timeframe, no cooldown."""
    timeframes = [str(timeframe) for timeframe in market.timeframes]
    shutil.copytree("config", folder)
    for path in (folder / "strategies").glob("*"):
        path.unlink()
    (folder / "strategies" / "eager.yaml").write_text(yaml.safe_dump({**EAGER, "timeframes": timeframes}))
    universe = yaml.safe_load((folder / "universe.yaml").read_text())
    universe.update(symbols=list(market.symbols), timeframes=timeframes, history_start=datetime(2025, 5, 1).date())  # noqa: DTZ001
    (folder / "universe.yaml").write_text(yaml.safe_dump(universe))
    risk = yaml.safe_load((folder / "risk.yaml").read_text())
    risk.update(cooldown_bars=0, max_daily_loss=0.9)
    (folder / "risk.yaml").write_text(yaml.safe_dump(risk))


def backfill(webserver: str, market: Market) -> None:
    """The day of the market's start, so that no wave has to fetch the window of its first bar."""
    keys = [f"{market.start:%Y-%m-%d}|{symbol}.BYBIT" for symbol in market.symbols]
    assets = [f"{stage}_{timeframe}" for timeframe in market.timeframes for stage in STAGES]
    wait_for_backfill(webserver, launch_backfill(webserver, assets, keys, "the day so far"), _PATIENCE_S)


def _length(timeframe: Timeframe) -> int:
    return timeframe.ms


def wait_for_feed(clock: ExchangeClock) -> None:
    """Until bars and account are subscribed."""
    while not (clock.status()["kline_subscriptions"] and clock.status()["private_connections"]):
        time.sleep(0.1)


def wait_until_settled(
    clock: ExchangeClock, engine: Engine, wave: datetime | None, closing: Sequence[Timeframe]
) -> None:
    """Until nothing is left to do about the wave, or about the fill where it is ``None``; gives up after minutes."""
    deadline = time.monotonic() + _PATIENCE_S
    while not progress(engine, wave, closing).settled(clock.executions()):
        if time.monotonic() > deadline:
            raise SystemExit(f"{wave or 'a fill'} did not settle: {progress(engine, wave, closing)}")
        time.sleep(0.02)


def collect(engine: Engine, wave: datetime, told_at: float, sample: Sample) -> None:
    """Read when the wave's plans were stored and its entry, if any, was acknowledged."""
    computed = text("SELECT extract(epoch FROM max(computed_at)) FROM trading.waves WHERE close_time = :wave")
    acknowledged = text(
        "SELECT extract(epoch FROM intent.acknowledged_at) FROM trading.order_intents intent "
        "JOIN trading.trade_plans plan USING (plan_id) "
        "WHERE plan.close_time = :wave AND intent.purpose = 'E' AND intent.acknowledged_at IS NOT NULL"
    )
    with engine.connect() as connection:
        sample.plans_stored.append(float(connection.execute(computed, {"wave": wave}).scalar_one()) - told_at)
        for row in connection.execute(acknowledged, {"wave": wave}):
            sample.acknowledged.append(float(row[0]) - told_at)


def report(resident: Sample, stock: Sample) -> Table:
    """Percentiles of both, and the ratio of the medians."""
    table = Table(title="close or fill → …, seconds of wall time, one instrument", title_justify="left")
    for column in ("", "launcher", "samples", "p50", "p95", "stock / resident"):
        table.add_column(column, justify="left" if column in ("", "launcher") else "right")
    for label, ours, theirs in (
        ("plans stored", resident.plans_stored, stock.plans_stored),
        ("order acknowledged", resident.acknowledged, stock.acknowledged),
        ("fill answered", resident.answered, stock.answered),
    ):
        ratio = f"{statistics.median(theirs) / statistics.median(ours):.1f} x" if ours and theirs else "no order seen"
        table.add_row(label, "resident workers", *figures(ours), ratio)
        table.add_row("", "stock", *figures(theirs), "")
    return table


def figures(values: list[float]) -> tuple[str, str, str]:
    """Count, median and 95th percentile."""
    if len(values) < 2:
        return str(len(values)), *(f"{value:.2f}" for value in values * 2 or [float("nan")] * 2)  # type: ignore[return-value]
    ordered = sorted(values)
    return str(len(values)), f"{statistics.median(ordered):.2f}", f"{ordered[math.ceil(0.95 * len(ordered)) - 1]:.2f}"


if __name__ == "__main__":
    main()

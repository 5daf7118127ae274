"""How fast the backtest engine is, beside its peers, on the same bars and the same rules.

Run ``python benchmarks/backtest_engine.py``. Peers are measured where they are installed: ``vectorbt`` and
``backtesting`` beside this project, NautilusTrader in the environment whose Python ``--nautilus`` names. The
shared rules: enter at the close at which EMA 12 crosses EMA 26, stop 1 % and target 2 % from the entry price,
nothing while a position is open, one unit, no costs.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import talib

from trading_pipeline.domain.backtest.codes import LegKind, Smoothing, Unit
from trading_pipeline.domain.backtest.config import AtrTrail, BacktestConfig, Exits, ExitTarget, Limits
from trading_pipeline.domain.backtest.crosses import EmaCross
from trading_pipeline.domain.backtest.engine import run_backtest
from trading_pipeline.domain.backtest.results import BacktestResult
from trading_pipeline.domain.backtest.signals import EntrySignals
from trading_pipeline.domain.backtest.sweep import ParameterSet, run_sweep
from trading_pipeline.domain.backtest.translate import Steps, SymbolInput
from trading_pipeline.domain.strategies.divergence.divergence import Divergence
from trading_pipeline.domain.strategies.framework.arrays import BarArrays

MINUTE_MS = 60_000
STOP, TARGET, TICK = 0.01, 0.02, 0.1
REPEATS = 9


@dataclass(frozen=True, slots=True)
class Trades:
    """What is compared with a peer: bars and result of every trade, one unit each."""

    entry_bar: np.ndarray
    exit_bar: np.ndarray
    pnl: np.ndarray


def synthetic_bars(count: int, seed: int = 1, bar_ms: int = MINUTE_MS) -> BarArrays:
    """A seeded random walk with the volatility of BTC minutes, without gaps between bars."""
    rng = np.random.default_rng(seed)
    close = 30_000.0 * np.exp(np.cumsum(rng.normal(0.0, 0.0006, count)))
    before = np.concatenate([[close[0]], close[:-1]])
    high = np.maximum(before, close) * (1.0 + np.abs(rng.normal(0.0, 0.0003, count)))
    low = np.minimum(before, close) * (1.0 - np.abs(rng.normal(0.0, 0.0003, count)))
    opened = np.arange(count, dtype=np.int64) * bar_ms
    return BarArrays(opened, opened + bar_ms, before, high, low, close, np.ones(count))


def seconds_of(runs: Sequence[Callable[[], object]]) -> list[float]:
    """Seconds of the fastest of some rounds of each run, after one that compiles.

    The runs take turns, so that a machine which is slow for a while is slow for all. Processor time of
    this process: every run here uses one thread, and other load would otherwise decide the ratios.
    """
    times: list[list[float]] = [[] for _ in runs]
    for repeat in range(REPEATS + 1):
        for run, taken in zip(runs, times, strict=True):
            start = time.process_time()
            run()
            if repeat:
                taken.append(time.process_time() - start)
    return [min(taken) for taken in times]


def crosses(bars: BarArrays) -> tuple[np.ndarray, np.ndarray]:
    """Bars and directions of the crosses."""
    above = talib.EMA(bars.close, 12) > talib.EMA(bars.close, 26)
    at = np.flatnonzero(above[1:] != above[:-1]) + 1
    at = at[at >= 26]
    return at, np.where(above[at], 1, -1)


def full_lifecycle(bars: BarArrays) -> BacktestResult:
    """Indicators, signals and the live lifecycle: two targets, break-even, runner behind 3 of Wilder's ATR."""
    at, direction = crosses(bars)
    ranges = talib.ATR(bars.high, bars.low, bars.close, 14)
    signals = EntrySignals(at, direction, bars.close[at] - direction * 2.0 * ranges[at])
    config = BacktestConfig(limits=Limits(max_daily_loss=None), exits=Exits(trail=AtrTrail(smoothing=Smoothing.WILDER)))
    return run_backtest(config, {"BTCUSDT": SymbolInput(bars, signals)})


def shared_config(stop: float = STOP, target: float = TARGET) -> BacktestConfig:
    """The rules that every engine here knows."""
    exits = Exits((ExitTarget(target, 1.0),), Unit.PRICE_FRACTION, stop, 0, None, 0)
    limits = Limits(max_leverage=1.0, maintenance_margin=0.0, max_daily_loss=None, cooldown_bars=0)
    return BacktestConfig(1e6, exits=exits, limits=limits)


def ours(bars: BarArrays, tick: float = 0.0) -> Trades:
    """The shared rules in this engine; with a ``tick``, stop and target lie on whole ones."""
    at, direction = crosses(bars)
    signals = EntrySignals(at, direction, np.full(len(at), np.nan), quantity=np.ones(len(at)))
    result = run_backtest(shared_config(), {"BTCUSDT": SymbolInput(bars, signals, Steps(tick))})
    ended = result.trades.exit_reason != LegKind.END_OF_DATA
    found = result.trades
    return Trades(found.entry_bar[ended], found.exit_bar[ended], found.pnl[ended])


def vectorbt_trades(bars: BarArrays) -> Trades:
    """The shared rules in ``Portfolio.from_signals``."""
    vectorbt = import_module("vectorbt")
    at, direction = crosses(bars)
    long, short = np.zeros(len(bars), bool), np.zeros(len(bars), bool)
    long[at[direction > 0]], short[at[direction < 0]] = True, True
    portfolio = vectorbt.Portfolio.from_signals(
        bars.close, long, short_entries=short, open=bars.open, high=bars.high, low=bars.low, size=1.0, init_cash=1e6,
        sl_stop=STOP, tp_stop=TARGET, upon_opposite_entry="ignore", upon_dir_conflict="ignore", freq="1min",
    )  # fmt: skip
    rows = portfolio.trades.records_arr
    rows = rows[rows["status"] == 1]
    return Trades(rows["entry_idx"], rows["exit_idx"], rows["pnl"])


def backtesting_trades(bars: BarArrays) -> Trades:
    """The shared rules in backtesting.py, which fills at the next open: equal here, as no bar gaps."""
    library, pandas = import_module("backtesting"), import_module("pandas")
    at, direction = crosses(bars)
    side = np.zeros(len(bars))
    side[at] = direction

    class Crosses(library.Strategy):  # type: ignore[misc, name-defined]
        """Enter at crosses while flat."""

        def init(self) -> None:
            """Nothing to prepare: the signals are computed outside."""

        def next(self) -> None:
            """One decision per bar."""
            wanted = side[len(self.data) - 1]
            if wanted and not self.position and not self.orders:
                price = self.data.Close[-1]
                order = self.buy if wanted > 0 else self.sell
                order(size=1, sl=price * (1 - wanted * STOP), tp=price * (1 + wanted * TARGET))

    frame = pandas.DataFrame(
        {"Open": bars.open, "High": bars.high, "Low": bars.low, "Close": bars.close, "Volume": bars.volume},
        index=pandas.to_datetime(bars.open_time_ms, unit="ms"),
    )
    with warnings.catch_warnings():  # of the trade still open at the end, which is not compared
        warnings.simplefilter("ignore")
        found = library.Backtest(frame, Crosses, cash=1e6, finalize_trades=False).run()["_trades"]
    found = found.sort_values("EntryBar")
    return Trades(found["EntryBar"].to_numpy() - 1, found["ExitBar"].to_numpy(), found["PnL"].to_numpy())


def nautilus_trades(python: str, bars: BarArrays) -> tuple[Trades, float]:
    """The shared rules in NautilusTrader's bar mode, and the processor seconds of its run."""
    at, direction = crosses(bars)
    side = np.zeros(len(bars))
    side[at] = direction
    columns = {name: getattr(bars, name) for name in ("open", "high", "low", "close")}
    with tempfile.TemporaryDirectory(prefix="nautilus-") as folder:
        given, found = Path(folder) / "bars.npz", Path(folder) / "trades.npz"
        np.savez(given, close_ms=bars.close_time_ms, side=side, **columns)
        program = Path(__file__).with_name("nautilus_bars.py")
        subprocess.run([python, str(program), str(given), str(found)], check=True, stdout=subprocess.DEVNULL)
        rows = np.load(found)
        entry, exit_bar = (np.searchsorted(bars.close_time_ms, rows[name]) for name in ("entry_ms", "exit_ms"))
        sign = np.where(side[entry] > 0, 1.0, -1.0)
        return Trades(entry, exit_bar, sign * (rows["exit_price"] - rows["entry_price"])), float(rows["seconds"])


def on_ticks(bars: BarArrays) -> BarArrays:
    """The same bars with prices in whole ticks, for a peer that knows no others."""
    prices = (np.round(column, 1) for column in (bars.open, bars.high, bars.low, bars.close))
    return BarArrays(bars.open_time_ms, bars.close_time_ms, *prices, bars.volume)


def compare(name: str, mine: Trades, theirs: Trades, bars: BarArrays) -> None:
    """Say whether the trades are the same, and what the others are."""
    shared, i, j = np.intersect1d(mine.entry_bar, theirs.entry_bar, return_indices=True)
    same_exit = mine.exit_bar[i] == theirs.exit_bar[j]
    same_pnl = np.isclose(mine.pnl[i], theirs.pnl[j], rtol=1e-9, atol=1e-6)
    equal = int((same_exit & same_pnl).sum())
    print(f"  trades: {len(mine.pnl)} ours, {len(theirs.pnl)} {name}, {len(shared)} entered together, {equal} equal")
    different = np.flatnonzero(~(same_exit & same_pnl))
    both = sum(_touches_both(bars, mine, int(i[k])) for k in different)
    print(f"  of {len(different)} that differ, {both} meet stop and target in one bar: the path rule decides there")


def _touches_both(bars: BarArrays, trades: Trades, k: int) -> bool:
    """Whether the exit bar of a trade holds both of its levels."""
    entry, bar = bars.close[trades.entry_bar[k]], trades.exit_bar[k]
    up, down = bars.high[bar] / entry - 1.0, 1.0 - bars.low[bar] / entry
    return bool(min(up, down) >= STOP and max(up, down) >= TARGET)


def bench_single(count: int) -> float:
    """One run with everything, then the shared rules beside the peers; seconds a bar of the latter."""
    bars, short = synthetic_bars(count), synthetic_bars(100_000)
    start = time.perf_counter()
    full_lifecycle(synthetic_bars(2000))
    print(f"first run in this process, compiled code loaded: {time.perf_counter() - start:.2f} s")
    at_hand = {name for name in ("vectorbt", "backtesting") if find_spec(name) is not None}
    runs: dict[str, tuple[Callable[[], object], int]] = {
        "full": (lambda: full_lifecycle(bars), count),
        "shared": (lambda: ours(bars), count),
        "signals": (lambda: crosses(bars), count),
    }
    if "vectorbt" in at_hand:
        runs["vectorbt"] = (lambda: vectorbt_trades(bars), count)
    taken = dict(zip(runs, seconds_of([run for run, _ in runs.values()]), strict=True))
    per_bar = {name: taken[name] / size for name, (_, size) in runs.items()}
    trades = len(full_lifecycle(bars).trades)
    print(f"full lifecycle, indicators included: {count:,} bars, {trades:,} trades, {taken['full'] * 1e3:.1f} ms, "
          f"{1e-6 / per_bar['full']:.1f} million bars/s (wanted: 25)")  # fmt: skip
    print(f"shared rules: {taken['shared'] * 1e3:.1f} ms, {1e-6 / per_bar['shared']:.1f} million bars/s, "
          f"of which {taken['signals'] * 1e3:.1f} ms are the crosses that every engine is given")  # fmt: skip
    if "vectorbt" in at_hand:
        alone = (taken["vectorbt"] - taken["signals"]) / (taken["shared"] - taken["signals"])
        told("vectorbt", per_bar["vectorbt"], per_bar["shared"], "wanted: 3")
        print(f"  engines alone, crosses left out of both: {alone:.1f} x")
        compare("vectorbt", ours(bars), vectorbt_trades(bars), bars)
    if "backtesting" in at_hand:
        (seconds,) = seconds_of([lambda: backtesting_trades(short)])
        told("backtesting.py", seconds / len(short), per_bar["shared"], "wanted: 150")
        compare("backtesting.py", ours(short), backtesting_trades(short), short)
    return per_bar["shared"]


def bench_nautilus(python: str, shared: float) -> None:
    """The peer that lives elsewhere; ``shared`` are our seconds a bar on the same rules."""
    bars = on_ticks(synthetic_bars(100_000))
    runs = [nautilus_trades(python, bars) for _ in range(3)]
    told("NautilusTrader", min(seconds for _, seconds in runs) / len(bars), shared, "wanted: thousands")
    compare("NautilusTrader", ours(bars, TICK), runs[0][0], bars)


def told(name: str, theirs: float, shared: float, wanted: str) -> None:
    """Print seconds a bar as a speed and as a ratio."""
    print(f"{name}: {1e-6 / theirs:.3f} million bars/s, we are {theirs / shared:.1f} x as fast ({wanted})")


def bench_divergence(count: int) -> None:
    """Signals of the divergence on five years of hours."""
    bars, strategy = synthetic_bars(count, seed=3, bar_ms=60 * MINUTE_MS), Divergence()
    (seconds,) = seconds_of([lambda: strategy.decide(bars)])
    found = len(strategy.decide(bars).bar_index)
    print(f"divergence: {found} signals in {count:,} bars in {seconds * 1e3:.1f} ms (wanted: 50), "
          f"{count / seconds / 1e6:.1f} million bars/s")  # fmt: skip


def bench_compilation() -> None:
    """The first run of all on a machine: everything compiled, nothing kept from before."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import backtest_engine as bench; "
        "bars = bench.synthetic_bars(2000); bench.full_lifecycle(bars); bench.Divergence().decide(bars)"
    )
    with tempfile.TemporaryDirectory(prefix="numba-") as folder:
        environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
        command = [sys.executable, "-c", program, str(Path(__file__).parent)]
        times = []
        for _ in range(2):
            start = time.perf_counter()
            subprocess.run(command, env=environment, check=True)
            times.append(time.perf_counter() - start)
    print(f"process with a backtest, cold cache: {times[0]:.1f} s (wanted: 20), warm: {times[1]:.1f} s")


def bench_sweep(sets: int, count: int, workers: int) -> None:
    """Many parameter sets over one history."""
    bars = synthetic_bars(count, bar_ms=5 * MINUTE_MS)
    rng = np.random.default_rng(2)
    chosen = [
        ParameterSet(
            replace(
                shared_config(float(rng.uniform(0.002, 0.03)), float(rng.uniform(0.002, 0.06))), initial_capital=1e6
            ),
            EmaCross(int(rng.integers(5, 40)), int(rng.integers(50, 200))),
        )
        for _ in range(sets)
    ]
    run_sweep(bars, chosen[:8], workers)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start = time.perf_counter()
    run_sweep(bars, chosen, workers)
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"sweep: {sets:,} sets x {count:,} bars on {workers} threads in {seconds:.1f} s (wanted: 30 for 10,000), "
          f"{sets * count / seconds / 1e6:.0f} million bars/s, peak memory {before:.0f} -> {after:.0f} MB")  # fmt: skip


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bars", type=int, default=1_039_248)
    parser.add_argument("--sets", type=int, default=10_000)
    parser.add_argument("--sweep-bars", type=int, default=86_604)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--nautilus", default="", help="Python of an environment with nautilus_trader")
    chosen = parser.parse_args()
    bench_compilation()
    shared = bench_single(chosen.bars)
    if chosen.nautilus:
        bench_nautilus(chosen.nautilus, shared)
    bench_divergence(44_765)
    bench_sweep(chosen.sets, chosen.sweep_bars, chosen.workers)


if __name__ == "__main__":
    main()

"""Small markets and signals for the engine's tests."""

from collections.abc import Sequence

import numpy as np

from trading_pipeline.domain.backtest.codes import OrderKind, Unit
from trading_pipeline.domain.backtest.config import BacktestConfig, Costs, Execution, Exits, ExitTarget, Limits
from trading_pipeline.domain.backtest.engine import run_backtest
from trading_pipeline.domain.backtest.results import BacktestResult
from trading_pipeline.domain.backtest.signals import EntrySignals
from trading_pipeline.domain.backtest.translate import SymbolInput
from trading_pipeline.domain.strategies.framework.arrays import BarArrays

HOUR_MS = 3_600_000
Prices = tuple[float, float, float, float]

FREE_LIMITS = Limits(
    max_open_positions=100, max_leverage=1.0, maintenance_margin=0.0, max_daily_loss=None, cooldown_bars=0
)
STOP_ONLY = Exits(targets=(), break_even_after_targets=0, trail=None, trail_after_targets=0)


def bars_of(prices: Sequence[Prices], bar_ms: int = HOUR_MS, start_ms: int = 0) -> BarArrays:
    """Bars from (open, high, low, close) tuples."""
    columns = np.array(prices, dtype=np.float64).reshape(-1, 4).T
    times = start_ms + np.arange(len(prices), dtype=np.int64) * bar_ms
    o, h, low, c = (np.ascontiguousarray(column) for column in columns)
    return BarArrays(times, times + bar_ms, o, h, low, c, np.ones(len(prices)))


def random_bars(count: int, seed: int, scale: float = 0.004) -> BarArrays:
    """A seeded random walk around 100 without gaps."""
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, scale, count)))
    before = np.concatenate([[100.0], close[:-1]])
    high = np.maximum(before, close) * (1.0 + np.abs(rng.normal(0.0, scale / 2, count)))
    low = np.minimum(before, close) * (1.0 - np.abs(rng.normal(0.0, scale / 2, count)))
    return bars_of(list(zip(before, high, low, close, strict=True)))


def golden_bars(seed: int, count: int) -> BarArrays:
    """The deterministic integer series: x <- (1103515245 x + 12345) mod 2^31, draw = x div 65536."""
    state, price, rows = seed, 60_000, []
    for _ in range(count):
        draws = []
        for _ in range(4):
            state = (1_103_515_245 * state + 12_345) % 2**31
            draws.append(state // 65_536)
        close = price + draws[0] % 401 - 200
        high, low = max(price, close) + draws[1] % 101, min(price, close) - draws[2] % 101
        rows.append((price / 2, high / 2, low / 2, close / 2))
        price = close
    return bars_of(rows)


def signal(bar: int, direction: int, stop: float = np.nan, quantity: float = np.nan) -> EntrySignals:
    """One market entry."""
    return signals_of([(bar, direction, stop)], quantity)


def signals_of(rows: Sequence[tuple[int, int, float]], quantity: float = np.nan) -> EntrySignals:
    """Market entries from (bar, direction, stop)."""
    bars, directions, stops = zip(*rows, strict=True) if rows else ((), (), ())
    return EntrySignals(
        np.array(bars, np.int64),
        np.array(directions, np.int64),
        np.array(stops, float),
        None,
        None,
        np.full(len(rows), quantity),
    )


def order(bar: int, direction: int, kind: OrderKind, price: float, stop: float) -> EntrySignals:
    """One limit or stop entry for a quantity of 1."""
    return EntrySignals(
        np.array([bar]), np.array([direction]), np.array([stop]), np.array([int(kind)]), np.array([price]), np.ones(1)
    )


def config_of(
    exits: Exits = STOP_ONLY,
    execution: Execution | None = None,
    costs: Costs | None = None,
    limits: Limits = FREE_LIMITS,
) -> BacktestConfig:
    """A configuration without costs and limits unless given."""
    return BacktestConfig(10_000.0, execution or Execution(), costs or Costs(), limits, exits)


def percent_exits(stop: float, target: float) -> Exits:
    """One target and a stop, as fractions of the entry price."""
    return Exits((ExitTarget(target, 1.0),), Unit.PRICE_FRACTION, stop, 0, None, 0)


def run_one(config: BacktestConfig, prices: Sequence[Prices] | BarArrays, signals: EntrySignals) -> BacktestResult:
    """Run one instrument."""
    bars = prices if isinstance(prices, BarArrays) else bars_of(prices)
    return run_backtest(config, {"BTCUSDT": SymbolInput(bars, signals)})

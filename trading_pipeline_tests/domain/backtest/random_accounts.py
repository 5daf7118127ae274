"""Seeded accounts for the reference loop.

Prices lie on a coarse tick grid, so that levels meet opens, extremes and each other; rules are drawn so that every
branch of the lifecycle is walked now and then.
"""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trading_pipeline.domain.backtest.codes import EntriesBy, Opposite, OrderKind, Smoothing, Timing
from trading_pipeline.domain.backtest.config import (
    AtrTrail,
    BacktestConfig,
    Costs,
    Execution,
    Exits,
    ExitTarget,
    FundingExit,
    Limits,
    PivotTrail,
    Trail,
)
from trading_pipeline.domain.backtest.lanes import Lane
from trading_pipeline.domain.backtest.signals import EntrySignals
from trading_pipeline.domain.backtest.translate import Funding, Steps, SymbolInput
from trading_pipeline.domain.model.intrabar_paths import IntrabarPath
from trading_pipeline.domain.portfolio.sizing import SizingModel, SizingRule
from trading_pipeline.domain.strategies.framework.arrays import BarArrays

MINUTE_MS = 60_000
START_MS = 1_704_067_200_000
"""2024-01-01, a midnight."""
# The reference knows no rule that asks who holds what.
_PATHS = (IntrabarPath.PULLBACK_FIRST, IntrabarPath.CANDLE_DIRECTION, IntrabarPath.NEAREST_EXTREME)
SPLITS = ((), (1.0,), (0.4, 0.4), (0.5, 0.5), (0.4, 0.3, 0.3), (0.2, 0.2, 0.2))
Random = np.random.Generator
Floats = npt.NDArray[np.float64]


class Market(NamedTuple):
    """One instrument: bars by minutes of their timeframe, of the same prices, each with holes of its own.

    :param fine: base bars for the path, where no lane trades by them.
    """

    bars: dict[int, BarArrays]
    fine: BarArrays | None
    steps: Steps
    funding: Funding | None


class RandomAccount(NamedTuple):
    """What ``run_account`` takes."""

    lanes: list[Lane]
    path: dict[str, BarArrays]


def account_of(seed: int) -> RandomAccount:
    """The account of a seed: one to three instruments, one or two lanes each."""
    rng = np.random.default_rng(seed)
    base = int(rng.choice([15, 60]))
    start = START_MS + int(rng.integers(0, 24)) * 240 * MINUTE_MS
    common = _account_limits(rng)
    lanes, path = [], {}
    for instrument_id in ("BTC", "ETH", "SOL")[: int(rng.integers(1, 4))]:
        market = _market(rng, base, start, int(rng.integers(40, 150)))
        if market.fine is not None:
            path[instrument_id] = market.fine
        possible = [(name, minutes) for name in ("a", "b") for minutes in market.bars]
        chosen = [possible[place] for place in rng.permutation(len(possible))[: int(rng.integers(1, 3))]]
        finest = base if market.fine is not None else min(minutes for _, minutes in chosen)
        for name, minutes in chosen:
            config = _rules(rng, common, finest, _PATHS[seed % len(_PATHS)])
            lanes.append(Lane(name, instrument_id, config, _input(rng, config, market, minutes)))
    return RandomAccount(lanes, path)


def _account_limits(rng: Random) -> Limits:
    """What all lanes of an account have in common."""
    return Limits(
        cooldown_bars=int(rng.integers(0, 4)),
        max_open_positions=int(rng.integers(1, 4)),
        max_daily_loss=None if rng.random() < 0.5 else float(rng.choice([0.0063, 0.031, 0.11])),
        max_drawdown=None if rng.random() < 0.8 else float(rng.choice([0.053, 0.21])),
        entries_by=EntriesBy(int(rng.random() < 0.3)),
    )


def _market(rng: Random, base: int, start: int, count: int) -> Market:
    """Base bars in ticks, and what is made of them."""
    tick, lot = float(rng.choice([0.25, 0.5, 1.0, 0.1])), float(rng.choice([0.0, 0.001, 0.1, 1.0]))
    least, notional = round(lot * int(rng.integers(0, 4)), 9), float(rng.choice([0.0, 0.0, 50.0]))
    steps = Steps(tick, lot, least, notional, 40.0 if rng.random() < 0.2 else 0.0)
    whole = _bars(np.array(list(_base_rows(rng, count, round(100 / tick))), float) * tick, base, start)
    holed = {minutes: _holed(rng, bars) for minutes, bars in ((base, whole), (4 * base, _merged(whole, 4)))}
    return Market(holed, holed.pop(base) if rng.random() < 0.2 else None, steps, _funding(rng, start, count * base))


def _base_rows(rng: Random, count: int, level: int) -> Iterator[tuple[int, int, int, int]]:
    """Open, high, low, close in ticks: jumps at some opens, a long bar now and then, at least ten ticks high."""
    price, calm = level, int(rng.integers(2, 6))
    for _ in range(count):
        first = price + int(rng.integers(-4 * calm, 4 * calm + 1)) * int(rng.random() < 0.15)
        reach = calm * (8 if rng.random() < 0.04 else 1)
        last = first + int(rng.integers(-reach, reach + 1))
        high, low = max(first, last) + int(rng.integers(0, calm)), min(first, last) - int(rng.integers(0, calm))
        lift = max(0, 10 - low)
        price = last + lift
        yield first + lift, high + lift, low + lift, price


def _bars(prices: Floats, minutes: int, start: int) -> BarArrays:
    times = start + np.arange(len(prices), dtype=np.int64) * minutes * MINUTE_MS
    columns = (np.ascontiguousarray(np.round(column, 9)) for column in prices.T)
    return BarArrays(times, times + minutes * MINUTE_MS, *columns, np.ones(len(prices)))


def _merged(bars: BarArrays, by: int) -> BarArrays:
    """Longer bars, of whole groups only."""
    count = len(bars) // by * by
    first, high, low, last = (getattr(bars, name)[:count].reshape(-1, by) for name in ("open", "high", "low", "close"))
    times = (bars.open_time_ms[:count:by].copy(), bars.close_time_ms[by - 1 : count : by].copy())
    prices = (first[:, 0].copy(), high.max(axis=1), low.min(axis=1), last[:, -1].copy())
    return BarArrays(*times, *prices, np.ones(count // by))


def _holed(rng: Random, bars: BarArrays) -> BarArrays:
    """Without some bars, at times several in a row."""
    kept = np.ones(len(bars), np.bool_)
    for _ in range(int(rng.integers(0, 4))):
        at = int(rng.integers(2, len(bars)))
        kept[at : at + int(rng.integers(1, 5))] = False
    names = ("open_time_ms", "close_time_ms", "open", "high", "low", "close", "volume")
    return BarArrays(*(getattr(bars, name)[kept] for name in names))


def _funding(rng: Random, start: int, minutes: int) -> Funding | None:
    """Settlements at whole hours, some dear enough to eat margins."""
    if rng.random() < 0.3:
        return None
    every = int(rng.choice([60, 240, 480])) * MINUTE_MS
    times = np.arange(start, start + minutes * MINUTE_MS, every, dtype=np.int64)
    return Funding(times, rng.choice([0.0001, 0.001, -0.001, 0.02, -0.01], len(times)))


def _rules(rng: Random, common: Limits, finest: int, path: IntrabarPath) -> BacktestConfig:
    """Rules of one lane; what rests enters against nothing that stands."""
    leverage, maintenance = float(rng.choice([1.0, 3.0, 10.0, 25.0])), float(rng.choice([0.0037, 0.0053, 0.0213]))
    limits = replace(common, max_leverage=leverage, maintenance_margin=maintenance, **_sizing(rng))
    execution = Execution(
        timing=Timing(int(rng.random() < 0.2)),
        path=path,
        opposite=Opposite(int(rng.integers(0, 3))),
        max_layers=int(rng.choice([1, 1, 2, 3])),
        entry_expiry_bars=int(rng.integers(1, 4)),
    )
    costs = Costs(*(float(rng.choice(fees)) for fees in ((-1.0, 0.0, 2.0), (0.0, 5.5), (0.0, 10.0))))
    return BacktestConfig(10_000.0, execution, costs, limits, _exits(rng, finest))


def _sizing(rng: Random) -> dict[str, object]:
    """By risk, by risk under a live model's amount, or by a margin rule."""
    drawn, risk = rng.random(), float(rng.choice([0.005, 0.02, 0.2]))
    if drawn < 0.45:
        return {"risk_per_trade": risk}
    if drawn < 0.65:
        return {"risk_per_trade": risk, "amount": _amount(rng)}
    if drawn < 0.85:
        return {"risk_per_trade": None, "cash_fraction": float(rng.choice([0.1, 0.5, 1.0]))}
    return {"risk_per_trade": None, "fixed_margin": float(rng.choice([100.0, 3000.0, 20_000.0]))}


def _amount(rng: Random) -> SizingRule:
    model = list(SizingModel)[int(rng.integers(0, 4))]
    share, least, most = (Decimal(str(rng.choice(values))) for values in ((0, 0.5), (0, 300), (0, 2000)))
    fraction, won = Decimal(str(rng.choice([0.05, 0.5]))), Decimal("0.6")
    return SizingRule(
        model, Decimal(1500), fraction, win_rate=won, max_balance_share=share, min_amount=least, max_amount=most
    )


def _exits(rng: Random, finest: int) -> Exits:
    split = SPLITS[int(rng.integers(0, len(SPLITS)))]
    targets = tuple(ExitTarget(distance, share) for distance, share in zip((1.0, 1.5, 3.0), split, strict=False))
    every = finest * MINUTE_MS if rng.random() < 0.5 else 0
    multiple, smoothing = float(rng.choice([0.5, 1.0, 3.0])), Smoothing(int(rng.random() < 0.5))
    trails: tuple[Trail, ...] = (None, AtrTrail(multiple, 3, smoothing, every), PivotTrail(1, 1, every))
    return Exits(
        targets=targets,
        break_even_after_targets=int(rng.integers(0, len(targets) + 1)),
        trail=trails[int(rng.integers(0, 3))],
        trail_after_targets=len(targets),
        next_bar_exit=bool(rng.random() < 0.25),
        max_holding_bars=int(rng.choice([0, 0, 0, 5, 20])),
        # Without a draw of its own, so that the accounts of all seeds stay what they are.
        funding_exit=FundingExit(120, 0.3, finest * MINUTE_MS) if multiple == 0.5 else None,
    )


def _input(rng: Random, config: BacktestConfig, market: Market, minutes: int) -> SymbolInput:
    bars, momentum = market.bars[minutes], None
    if config.exits.next_bar_exit:
        momentum = np.where(rng.random(len(bars)) < 0.1, np.nan, np.round(rng.normal(0.0, 1.0, len(bars)), 1))
    resting = config.execution.opposite is Opposite.IGNORE and rng.random() < 0.6
    signals = _signals(rng, bars, market.steps.price_increment, resting)
    return SymbolInput(bars, signals, market.steps, momentum, market.funding)


def _signals(rng: Random, bars: BarArrays, tick: float, resting: bool) -> EntrySignals:
    """Entries and exits at random closes; most stops are on the losing side, some between ticks."""
    several = bool(rng.random() < 0.3)  # signals at one close, of either side
    places = np.sort(rng.choice(len(bars), int(len(bars) * rng.uniform(0.15, 0.6)), replace=several))
    count, close, sign = len(places), bars.close[places], rng.choice([-1, 1], len(places))
    distance = rng.integers(1, 14, count) * rng.choice([1, 1, 1, 1, 1, 1, -1, 4], count)
    stop = close - sign * (distance + rng.choice([0.0, 0.3, 0.5], count)) * tick
    kind = np.where(rng.random(count) < 0.15, int(OrderKind.EXIT), int(OrderKind.MARKET))
    if resting:
        waits = rng.choice([int(OrderKind.LIMIT), int(OrderKind.STOP)], count)
        kind = np.where(rng.random(count) < 0.6, waits, kind)
    limit = np.round(close + rng.integers(-4, 5, count) * tick, 9)
    return EntrySignals(places, sign, stop, kind, limit, score=rng.choice([1.0, 2.0, 3.0], count))

"""What the reference loop reads: bars as rows, the path of an instrument, and a lane with what its closes tell."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from trading_pipeline.domain.backtest.codes import LegKind, Opposite, OrderKind, Outcome, Smoothing
from trading_pipeline.domain.backtest.config import AtrTrail, PivotTrail
from trading_pipeline.domain.backtest.lanes import Lane
from trading_pipeline.domain.indicators.pivots import last_pivot_price, pivot_highs, pivot_lows
from trading_pipeline.domain.indicators.volatility import atr, atr_simple
from trading_pipeline.domain.model.intrabar_paths import IntrabarPath
from trading_pipeline.domain.portfolio.sizing import SizingModel
from trading_pipeline.domain.strategies.framework.arrays import BarArrays


class Bar(NamedTuple):
    """Times are UTC ms; ``ms`` is the close, ``before_ms`` that of the bar before it in a path."""

    open_ms: int
    ms: int
    open: float
    high: float
    low: float
    close: float
    before_ms: int = 0

    def extremes(self, path: IntrabarPath) -> tuple[float, float]:
        """The extremes in the order in which the rule has them."""
        rose, up, down = self.close >= self.open, (self.high, self.low), (self.low, self.high)
        if path is IntrabarPath.NEAREST_EXTREME:
            return up if abs(self.open - self.high) < abs(self.open - self.low) else down
        return up if rose is (path is IntrabarPath.CANDLE_DIRECTION) else down


def bars_of(arrays: BarArrays) -> list[Bar]:
    """Columns as rows."""
    columns = (arrays.open_time_ms, arrays.close_time_ms, arrays.open, arrays.high, arrays.low, arrays.close)
    return [Bar(*values) for values in zip(*(column.tolist() for column in columns), strict=True)]


def nearest(price: float, tick: float) -> float:
    """A price in whole ticks, half to even, as the decimal that a venue would write."""
    return round(round(round(price / tick, 9)) * tick, 9) if tick and math.isfinite(price) else price


def whole(quantity: float, lot: float) -> float:
    """A quantity rounded down to the lot; what is whole lots but for the last bits keeps them all."""
    return round(math.floor(quantity / lot * (1 + 1e-12)) * lot, 9) if lot else quantity


class LaneState:
    """A lane with its signals by close, what became of them, and where its runner's stop belongs."""

    def __init__(self, lane: Lane) -> None:
        self.name, self.symbol, self.config, self.ms = (
            lane.strategy,
            lane.instrument_id,
            lane.config,
            lane.bar_ms,
        )
        self.signals, self.given, self.steps = lane.given.signals, lane.given, lane.given.steps
        self.bars, self.closes = bars_of(lane.given.bars), lane.given.bars.close_time_ms.tolist()
        self.kinds, self.signs = [OrderKind(kind) for kind in self.signals.kinds()], self.signals.direction.tolist()
        self.outcomes = [Outcome.PENDING] * len(self.signals)
        self.rows: dict[int, list[int]] = {close: [] for close in self.closes}
        for row, place in enumerate(self.signals.bar_index.tolist()):
            self.rows[self.closes[place]].append(row)
        bars, trail = lane.given.bars, lane.config.exits.trail
        if isinstance(trail, AtrTrail):
            mean = atr if trail.smoothing is Smoothing.WILDER else atr_simple
            self._behind = dict.fromkeys((1, -1), mean(bars.high, bars.low, bars.close, trail.period))
        elif isinstance(trail, PivotTrail):
            lows, highs = pivot_lows(bars.low, trail.left, trail.right), pivot_highs(bars.high, trail.left, trail.right)
            self._behind = {1: last_pivot_price(bars.low, lows, trail.right)}
            self._behind[-1] = last_pivot_price(bars.high, highs, trail.right)

    def rank(self, by_score: bool) -> tuple[object, ...]:
        """The order of lanes at one instant, beside scores."""
        return (-self.ms, self.name, self.symbol) if by_score else (self.symbol, -self.ms, self.name)

    def amount(self, row: int, free: float) -> float:
        """What the live sizing model wants at a signal, quote currency; nothing while its volatility is unknown."""
        bars, place, rule = self.given.bars, self.signals.bar_index[row], self.config.limits.amount
        volatility = 100.0 * atr(bars.high, bars.low, bars.close, 14)[place] / bars.close[place]
        if rule is None or (rule.model is SizingModel.VOLATILITY and math.isnan(volatility)):
            return 0.0
        return float(rule.amount(Decimal(max(free, 0.0)), Decimal(0 if math.isnan(volatility) else volatility)))

    def place_of(self, bar_ms: int) -> int:
        """The first own bar that closes at or after a path bar, or the last one."""
        return min(bisect_left(self.closes, bar_ms), len(self.closes) - 1)

    def answer(self, row: int, held: int) -> LegKind | None:
        """How a signal leaves the lane's position, if it does, and what becomes of the signal.

        :param held: 1 for a long, -1 for a short, 0 where the lane has none.
        """
        sign, opposite = self.signs[row], self.config.execution.opposite
        if self.kinds[row] is OrderKind.EXIT:
            leaves = held != 0 and sign in (0, held)
            self.outcomes[row] = Outcome.FILLED if leaves else Outcome.NOTHING_TO_EXIT
            return LegKind.SIGNAL_EXIT if leaves else None
        if held in (0, sign) or opposite is Opposite.IGNORE:
            return None
        if opposite is Opposite.REVERSE:
            return LegKind.REVERSAL
        self.outcomes[row] = Outcome.CLOSED_OPPOSITE
        return LegKind.OPPOSITE_SIGNAL

    def trails_at(self, now: int) -> bool:
        """Whether the runner's stop moves at a close of the path."""
        trail = self.config.exits.trail
        return trail is not None and (now % trail.every == 0 if trail.every else now in self.rows)

    def runner(self, sign: int, close: float, now: int) -> float:
        """The runner's stop by a close, from the newest closed bar; NaN while unknown."""
        trail, value = self.config.exits.trail, float(self._behind[sign][bisect_right(self.closes, now) - 1])
        price = close - sign * trail.multiple * value if isinstance(trail, AtrTrail) else value
        return nearest(price, self.steps.price_increment)


class Order(NamedTuple):
    """A signal that waits: a limit or stop entry until it is met, a market order or an exit for the next open."""

    lane: LaneState
    row: int
    price: float = math.nan
    expires_ms: float = math.inf

    @property
    def pending(self) -> bool:
        """Whether nothing has become of it yet."""
        return self.lane.outcomes[self.row] is Outcome.PENDING

    def rank(self, by_score: bool) -> tuple[object, ...]:
        """What comes first at one instant: the higher score, then the lane."""
        return (-float(self.lane.signals.score[self.row]) if by_score else 0.0, *self.lane.rank(by_score))

    def met(self, price: float) -> bool:
        """Whether the price is the order's own or beyond it; any price is for a market order."""
        beyond = self.lane.signs[self.row] * (price - self.price)
        return beyond <= 0 if self.lane.kinds[self.row] is OrderKind.LIMIT else not beyond < 0


def path_of(lanes: Iterable[LaneState], fine: BarArrays | None) -> list[Bar]:
    """The finest bars of one instrument, longer ones where finer ones are missing.

    A lane's bar takes the place of given bars that do not fill it. Where closes of a shorter lane lie inside, those
    stay, and the longer bar adds its close unless it is there.
    """
    path, shorter = [] if fine is None else bars_of(fine), set[int]()
    ordered = sorted(lanes, key=lambda one: one.ms)
    for lane in ordered:
        for bar in lane.bars:
            start, end = (bisect_right(path, ms, key=lambda one: one.ms) for ms in (bar.open_ms, bar.ms))
            inside = path[start:end]
            if shorter.isdisjoint(one.ms for one in inside):
                if sum(one.ms - one.open_ms for one in inside) != bar.ms - bar.open_ms:
                    path[start:end] = [bar]
            elif inside[-1].ms != bar.ms:
                path.insert(end, Bar(bar.ms, bar.ms, bar.close, bar.close, bar.close, bar.close))
        shorter |= set(lane.closes)
    first, last = min(lane.bars[0].open_ms for lane in ordered), max(lane.closes[-1] for lane in ordered)
    path = [bar for bar in path if first <= bar.open_ms and bar.ms <= last]
    return [bar._replace(before_ms=before.ms) for before, bar in pairwise([path[0], *path])]

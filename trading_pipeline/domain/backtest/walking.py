"""The way through one bar: which level is met first, and what happens there.

A level between the price and the end of the stretch being walked fires at the level; a level the
price has already passed fires at the price. The second case is the gap at an open, for stops (worse
than the level) and targets (better) alike.
"""

import math

from trading_pipeline.domain.backtest.codes import LegKind, Path, Phase
from trading_pipeline.domain.backtest.compiled import compiled
from trading_pipeline.domain.backtest.entering import enter
from trading_pipeline.domain.backtest.leaving import leave, reduce, remove_resting, withdraw_layers
from trading_pipeline.domain.backtest.levels import after_target, target_quantity
from trading_pipeline.domain.backtest.records import Desk, EntryRow, Market, Position

# Events of a walk; resting order r is ENTER + r.
NOTHING, PROTECT, TARGET, LEAVE, ENTER = 0, 1, 2, 3, 4

Prices = tuple[float, float, float, float]


@compiled
def walk_bar(desk: Desk, p: Position, start: float, high: float, low: float, end: float) -> None:
    """Walk the symbol's current bar by its four prices."""
    desk.account.phase = Phase.OPEN
    _walk(desk, p, (start, high, low, end), high, low)


@compiled
def walk_fine_bars(market: Market, desk: Desk, p: Position) -> None:
    """Walk the symbol's current bar through the 1m bars it consists of."""
    bar = p.bar
    desk.account.phase = Phase.OPEN
    for fine in range(market.fine_first[bar], market.fine_first[bar + 1]):
        part = (market.fine_open[fine], market.fine_high[fine], market.fine_low[fine], market.fine_close[fine])
        _walk(desk, p, part, market.high[bar], market.low[bar])


@compiled
def _walk(desk: Desk, p: Position, prices: Prices, bar_high: float, bar_low: float) -> None:
    """Visit open, both extremes and close in the order that the path rule gives.

    Excursions count the whole bar, of an exit too, unless the exit is at its open.
    """
    start, high, low, end = prices
    _stretch(desk, p, start, start)
    desk.account.phase = Phase.INSIDE
    if p.direction != 0:
        p.highest, p.lowest = max(p.highest, bar_high), min(p.lowest, bar_low)
    if desk.rules.path == Path.CANDLE_DIRECTION:
        high_first = end >= start
    elif desk.rules.path == Path.NEAREST_EXTREME:
        high_first = abs(start - high) < abs(start - low)
    else:
        high_first = _worse_high_first(desk, p)
    first, second = (high, low) if high_first else (low, high)
    _stretch(desk, p, start, first)
    _stretch(desk, p, first, second)
    _stretch(desk, p, second, end)


@compiled
def _worse_high_first(desk: Desk, p: Position) -> bool:
    """Whether the high comes first on the path that treats the position, or the oldest entry, worst.

    An open position fares worst when the adverse extreme comes first, a new one when it comes after
    the fill.
    """
    if p.direction != 0 or p.resting == 0:
        return p.direction < 0
    entry: EntryRow = desk.entries[p.resting_rows[0]]
    return entry.direction > 0


@compiled
def _stretch(desk: Desk, p: Position, start: float, end: float) -> None:
    """Let every level between two prices fire, in the order of travel."""
    price = start
    while p.direction != 0 or p.resting > 0:
        event, level = _next_event(desk, p, price, end)
        if event == NOTHING:
            break
        _fire(desk, p, event, level)
        price = level


@compiled
def _next_event(desk: Desk, p: Position, price: float, end: float) -> tuple[int, float]:
    """The level that fires first on the way; at one price the protective one, then target, exit, entries."""
    bottom, top = min(price, end), max(price, end)
    event, level, distance = NOTHING, end, math.inf
    if p.direction != 0 and p.armed:
        down = min(p.lower, price) if p.lower >= bottom else -math.inf
        up = max(p.upper, price) if p.upper <= top else math.inf
        protective, target = (down, up) if p.direction > 0 else (up, down)
        if abs(protective - price) < distance:
            event, level, distance = PROTECT, protective, abs(protective - price)
        if abs(target - price) < distance:
            event, level, distance = TARGET, target, abs(target - price)
    if p.direction != 0 and p.exit_pending and distance > 0.0:
        event, level, distance = LEAVE, price, 0.0
    for r in range(p.resting):
        entry: EntryRow = desk.entries[p.resting_rows[r]]
        met = math.inf
        if entry.from_below and entry.trigger <= top:
            met = max(entry.trigger, price)
        elif not entry.from_below and entry.trigger >= bottom:
            met = min(entry.trigger, price)
        if abs(met - price) < distance:
            event, level, distance = ENTER + r, met, abs(met - price)
    return event, level


@compiled
def _fire(desk: Desk, p: Position, event: int, level: float) -> None:
    """Carry out one event at its price."""
    rules = desk.rules
    if event == PROTECT:
        _protect(desk, p, level)
    elif event == TARGET:
        last = rules.targets_close_all and p.target_index + 1 == rules.target_count
        quantity = p.quantity if last else min(target_quantity(rules, p, p.target_index), p.quantity)
        reduce(desk, p, quantity, level, rules.maker_fee, LegKind.TAKE_PROFIT.value)
        if p.direction != 0:
            withdraw_layers(desk, p)
            after_target(rules, p)
    elif event == LEAVE:
        leave(desk, p, level, LegKind.SIGNAL_EXIT.value)
    else:
        row = p.resting_rows[event - ENTER]
        remove_resting(p, event - ENTER)
        enter(desk, p, row, level)


@compiled
def _protect(desk: Desk, p: Position, level: float) -> None:
    """Stop or liquidation, whichever the price reached. A liquidation loses the margin at most."""
    rules = desk.rules
    if p.direction * (level - p.liquidation) > 0.0:
        leave(desk, p, level, p.stop_kind)
        return
    bankrupt = p.entry_price * (1.0 - p.direction / rules.leverage)
    price = max(level, bankrupt) if p.direction > 0 else min(level, bankrupt)
    left = p.margin + p.direction * p.quantity * (price - p.entry_price)
    # At zero there is nothing to charge; the margin left bounds the fee.
    fee_rate = max(0.0, min(rules.taker_fee, left / (price * p.quantity))) if price > 0.0 else 0.0
    reduce(desk, p, p.quantity, price, fee_rate, LegKind.LIQUIDATION.value)

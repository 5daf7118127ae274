"""The way through the bars of one wave: which level is met first, and what happens there.

A level between the price and the end of the stretch being walked fires at the level; a level the
price has already passed fires at the price. The second case is the gap at an open, for stops (worse
than the level) and targets (better) alike.

Opens come by time; at each all lanes leave before any enters. Inside their bars instruments walk one after
the other, those with a position first; the lanes of one instrument are walked together.
"""

import math

from trading_pipeline.domain.backtest.codes import LegKind, Opposite, OrderKind, Outcome, Phase
from trading_pipeline.domain.backtest.compiled import compiled
from trading_pipeline.domain.backtest.entering import NEVER, enter, meant_for
from trading_pipeline.domain.backtest.leaving import expire, leave, liquidate, reduce, remove_resting, withdraw_layers
from trading_pipeline.domain.backtest.levels import after_target, target_quantity
from trading_pipeline.domain.backtest.records import EngineState, EntryRow, Position, Rules
from trading_pipeline.domain.model.intrabar_paths import IntrabarPath, high_comes_first

# Events of a walk; resting order r is ENTER + r.
NOTHING, PROTECT, TARGET, ENTER = 0, 1, 2, 3
_high_comes_first = compiled(high_comes_first)


@compiled
def walk_wave(state: EngineState) -> None:
    """Walk the bar of every lane that is marked as walking."""
    account = state.account
    account.phase = Phase.OPEN
    resting, opened = 0, _next_open(state, -1)
    while opened < NEVER:
        waiting = _leave_at_opens(state, opened)
        if waiting > 0:
            _enter_at_open(state, opened)
        resting += waiting
        opened = _next_open(state, opened)
    account.phase = Phase.INSIDE
    for place in range(account.active):
        p = state.positions[state.positions[place].seat]
        if p.walking and p.direction != 0:
            _walk_inside(state, p)
    # What only waits comes after all that can leave: an exit may free the slot or the margin it needs.
    for place in range(account.active if resting > 0 else 0):
        p = state.positions[state.positions[place].seat]
        if p.walking:
            _walk_inside(state, p)


@compiled
def _leave_at_opens(state: EngineState, opened: int) -> int:
    """Let all that leaves at the opens of one instant leave; how many entries rest there."""
    waiting = 0
    for place in range(state.account.active):
        p: Position = state.positions[state.positions[place].seat]
        if p.walking and p.open_ms == opened:
            if p.resting > 0:
                expire(state, p, opened)
            _leave_at_open(state, p)
            waiting += p.resting
            p.walking = p.direction != 0 or p.resting > 0
    return waiting


@compiled
def leave_passed(state: EngineState) -> None:
    """At a close, after its entries: what they have put at or beyond the close leaves there."""
    for place in range(state.account.active):
        p: Position = state.positions[state.positions[place].seat]
        if p.closing and p.direction != 0 and not p.lower < p.mark < p.upper:
            _stretch(state, p, p.mark, p.mark, False)


@compiled
def _leave_at_open(state: EngineState, p: Position) -> None:
    """Everything that leaves at the open: levels it has passed, exits and opposite entries queued for it."""
    _stretch(state, p, p.open, p.open, False)
    if p.resting > 0:
        _leave_for_orders(state, p, OrderKind.EXIT.value)
        _leave_for_orders(state, p, OrderKind.MARKET.value)


@compiled
def _leave_for_orders(state: EngineState, p: Position, kind: int) -> None:
    """Leave for the orders of a kind that are queued for this open; those after the first find no position."""
    r = 0
    while r < p.resting:
        entry: EntryRow = state.entries[p.resting_rows[r]]
        done = entry.kind == kind
        if done and kind == OrderKind.MARKET:
            done = leave_for(state, p, entry, p.open)
        elif done:
            entry.outcome = Outcome.FILLED if meant_for(entry, p.direction) else Outcome.NOTHING_TO_EXIT
            if entry.outcome == Outcome.FILLED:
                leave(state, p, p.open, LegKind.SIGNAL_EXIT.value)
        if done:
            remove_resting(p, r)
        else:
            r += 1


@compiled
def leave_for(state: EngineState, p: Position, entry: EntryRow, price: float) -> bool:
    """Leave a position for an entry of the other side, where the rules say so; whether that is all the entry does."""
    rules: Rules = state.rules[p.lane]
    if rules.opposite == Opposite.IGNORE or p.direction != -entry.direction or entry.level > 1:
        return False
    closing = rules.opposite == Opposite.CLOSE
    leave(state, p, price, LegKind.OPPOSITE_SIGNAL.value if closing else LegKind.REVERSAL.value)
    if closing:
        entry.outcome = Outcome.CLOSED_OPPOSITE
    return closing


@compiled
def _enter_at_open(state: EngineState, opened: int) -> None:
    """Fill the resting entries that the opens of one instant meet: the higher score, the order of lanes."""
    # From the start after each entry, which may have taken the slot or the margin of the next.
    while True:
        lane, order, best = -1, -1, -math.inf
        for place in range(state.account.active):
            p: Position = state.positions[state.positions[place].seat]
            for r in range(p.resting if p.walking and p.open_ms == opened else 0):
                entry: EntryRow = state.entries[p.resting_rows[r]]
                sooner = lane < 0 or entry.score > best
                if sooner and _meeting(entry, p.open, p.open, p.open) < math.inf:
                    lane, order, best = p.lane, r, entry.score
        if lane < 0:
            return
        p = state.positions[lane]
        row = p.resting_rows[order]
        remove_resting(p, order)
        enter(state, p, row, p.open)


@compiled
def _next_open(state: EngineState, after: int) -> int:
    """The earliest open after an instant among the bars that are walked; ``NEVER`` when there is none."""
    opened = NEVER
    for place in range(state.account.active):
        p: Position = state.positions[state.positions[place].seat]
        if p.walking and after < p.open_ms < opened:
            opened = p.open_ms
    return opened


@compiled
def _walk_inside(state: EngineState, p: Position) -> None:
    """Visit both extremes and the close in the order that the path rule gives.

    Excursions count the whole bar, of an exit too, unless the exit is at its open.
    """
    if p.direction != 0:
        p.highest, p.lowest = max(p.highest, p.high), min(p.lowest, p.low)
    rules: Rules = state.rules[p.lane]
    if rules.path == IntrabarPath.CONSERVATIVE:
        high_first = _worse_high_first(state, p)
    else:
        high_first = _high_comes_first(rules.path, p.open, p.high, p.low, p.close)
    first, second = (p.high, p.low) if high_first else (p.low, p.high)
    if state.account.shared:
        _stretch_together(state, p, p.open, first)
        _stretch_together(state, p, first, second)
        _stretch_together(state, p, second, p.close)
        for place in range(state.account.active):
            q: Position = state.positions[state.positions[place].seat]
            q.walking = q.walking and q.home != p.home
    else:
        p.walking = False
        _stretch(state, p, p.open, first, True)
        _stretch(state, p, first, second, True)
        _stretch(state, p, second, p.close, True)


@compiled
def _stretch_together(state: EngineState, p: Position, start: float, end: float) -> None:
    """Let every level between two prices fire, over all walking lanes of the instrument, in the order of travel.

    At one price the levels of the position come first, then the entries that were decided first.
    """
    price = start
    while True:
        lane, event, level, row, distance = -1, NOTHING, end, -1, math.inf
        for place in range(state.account.active):
            q: Position = state.positions[state.positions[place].seat]
            if not q.walking or q.home != p.home:
                continue
            next_event, met = _next_event(state, q, price, end, True)
            next_row = q.resting_rows[next_event - ENTER] if next_event >= ENTER else -1
            apart = abs(met - price)
            if next_event != NOTHING and (apart < distance or (apart == distance and next_row < row)):
                lane, event, level, row, distance = q.lane, next_event, met, next_row, apart
        if lane < 0:
            return
        _fire(state, state.positions[lane], event, level)
        price = level


@compiled
def _worse_high_first(state: EngineState, p: Position) -> bool:
    """Whether the high comes first on the path that treats the position, or the oldest entry, worst.

    An open position fares worst when the adverse extreme comes first, a new one when it comes after
    the fill.
    """
    if p.direction != 0 or p.resting == 0:
        return p.direction < 0
    entry: EntryRow = state.entries[p.resting_rows[0]]
    return entry.direction > 0


@compiled
def _stretch(state: EngineState, p: Position, start: float, end: float, entering: bool) -> None:
    """Let every level between two prices fire, in the order of travel; entries only where ``entering``."""
    price = start
    while p.direction != 0 or (entering and p.resting > 0):
        event, level = _next_event(state, p, price, end, entering)
        if event == NOTHING:
            break
        _fire(state, p, event, level)
        price = level


@compiled
def _next_event(state: EngineState, p: Position, price: float, end: float, entering: bool) -> tuple[int, float]:
    """The level that fires first on the way; at one price the protective one, then target, entries."""
    bottom, top = min(price, end), max(price, end)
    event, level, distance = NOTHING, end, math.inf
    if p.direction != 0:
        down = min(p.lower, price) if p.lower >= bottom else -math.inf
        up = max(p.upper, price) if p.upper <= top else math.inf
        protective, target = (down, up) if p.direction > 0 else (up, down)
        # Strictly nearer in all three questions, so that at one price the earlier one wins.
        if abs(protective - price) < distance:
            event, level, distance = PROTECT, protective, abs(protective - price)
        if abs(target - price) < distance:
            event, level, distance = TARGET, target, abs(target - price)
    for r in range(p.resting if entering else 0):
        met = _meeting(state.entries[p.resting_rows[r]], price, bottom, top)
        if abs(met - price) < distance:
            event, level, distance = ENTER + r, met, abs(met - price)
    return event, level


@compiled
def _meeting(entry: EntryRow, price: float, bottom: float, top: float) -> float:
    """Where a resting entry fires between two prices, coming from ``price``; infinity if it does not."""
    if entry.from_below:
        return max(entry.trigger, price) if entry.trigger <= top else math.inf
    return min(entry.trigger, price) if entry.trigger >= bottom else math.inf


@compiled
def _fire(state: EngineState, p: Position, event: int, level: float) -> None:
    """Carry out one event at its price."""
    rules: Rules = state.rules[p.lane]
    if event == PROTECT:
        # Stop or liquidation, whichever the price reached.
        if p.direction * (level - p.liquidation) > 0.0:
            leave(state, p, level, p.stop_kind)
        else:
            liquidate(state, p, level)
    elif event == TARGET:
        last = rules.targets_close_all and p.target_index + 1 == rules.target_count
        quantity = p.quantity if last else min(target_quantity(rules, p, p.target_index), p.quantity)
        # Placed at a close that has passed it, a target meets the market instead of waiting for it.
        fee_rate = rules.taker_fee if state.account.phase == Phase.CLOSE else rules.maker_fee
        reduce(state, p, quantity, level, fee_rate, LegKind.TAKE_PROFIT.value)
        if p.direction != 0:
            withdraw_layers(state, p)
            after_target(rules, p)
    else:
        row = p.resting_rows[event - ENTER]
        remove_resting(p, event - ENTER)
        enter(state, p, row, level)

"""From a signal to a filled entry: queueing, limits, size, position."""

import math

from trading_pipeline.domain.backtest.codes import LegKind, Opposite, OrderKind, Outcome, Phase, Sizing, Timing
from trading_pipeline.domain.backtest.compiled import compiled
from trading_pipeline.domain.backtest.leaving import leave, record_leg, reduce
from trading_pipeline.domain.backtest.levels import floor_step, round_step, schedule_exits, set_levels
from trading_pipeline.domain.backtest.records import MAX_RESTING, Desk, EntryRow, Position


@compiled
def take_signal(desk: Desk, p: Position, row: int, close: float) -> None:
    """Act on one signal at the close of its bar."""
    entry: EntryRow = desk.entries[row]
    desk.account.phase = Phase.CLOSE
    p.bar, p.mark = entry.bar, close
    at_close = desk.rules.timing == Timing.BAR_CLOSE
    if entry.bar == p.last_bar:
        entry.outcome = Outcome.NO_LATER_BAR
    elif entry.kind == OrderKind.EXIT:
        meant = p.direction != 0 and (entry.direction == 0 or entry.direction == p.direction)
        entry.outcome = Outcome.FILLED if meant else Outcome.NOTHING_TO_EXIT
        if meant and at_close:
            leave(desk, p, close, LegKind.SIGNAL_EXIT.value)
        elif meant:
            p.exit_pending = True
    elif entry.kind == OrderKind.MARKET and at_close:
        enter(desk, p, row, close)
    else:
        _rest(desk, p, row)


@compiled
def _rest(desk: Desk, p: Position, row: int) -> None:
    """Queue an entry for the bars that follow; a market order fires at whatever the next open is.

    A further level of a grid whose first was refused is withdrawn at once.
    """
    entry: EntryRow = desk.entries[row]
    if entry.level > 1 and desk.entries[_first_level(entry, row)].outcome not in (Outcome.PENDING, Outcome.FILLED):
        entry.outcome = Outcome.CANCELLED
        return
    if p.resting == MAX_RESTING:
        entry.outcome = Outcome.TOO_MANY_RESTING
        return
    if entry.kind == OrderKind.MARKET:
        entry.trigger, entry.from_below, entry.expires = math.inf, False, entry.bar + 1
    else:
        entry.trigger, entry.expires = entry.price, entry.bar + desk.rules.entry_expiry_bars
        entry.from_below = (entry.direction > 0) == (entry.kind == OrderKind.STOP)
    p.resting_rows[p.resting] = row
    p.resting += 1


@compiled
def _first_level(entry: EntryRow, row: int) -> int:
    """The signal that is the first level of this one's grid; a grid's levels follow each other."""
    return row - entry.level + 1


@compiled
def enter(desk: Desk, p: Position, row: int, level: float) -> None:
    """Fill an entry at ``level``: settle an opposite position, then hold the limits, then book.

    Further levels of a grid add to the position of their first and to no other.
    """
    rules = desk.rules
    entry: EntryRow = desk.entries[row]
    if entry.level > 1 and (p.direction != entry.direction or p.row != _first_level(entry, row)):
        entry.outcome = Outcome.CANCELLED
        return
    price, fee_rate = level, rules.maker_fee
    if entry.kind != OrderKind.LIMIT:
        price, fee_rate = level * (1.0 + entry.direction * rules.slippage), rules.taker_fee
    if p.direction == -entry.direction:
        if rules.opposite == Opposite.IGNORE:
            entry.outcome = Outcome.POSITION_OPEN
            return
        p.slipped += p.quantity * abs(price - level)
        reduce(desk, p, p.quantity, price, fee_rate, LegKind.REVERSAL.value)
        if rules.opposite == Opposite.CLOSE:
            entry.outcome = Outcome.CLOSED_OPPOSITE
            return
    stop = price * (1.0 - entry.direction * rules.stop_fraction) if math.isnan(entry.stop) else entry.stop
    stop = round_step(stop, p.price_increment)
    quantity, outcome = _quantity(desk, p, entry, price, abs(price - stop))
    forbidden = _refusal(desk, p, entry, entry.direction * (price - stop))
    entry.outcome = outcome if forbidden == Outcome.FILLED else forbidden
    if entry.outcome == Outcome.FILLED:
        if p.direction == 0:
            _open(desk, p, row, price, stop)
        _add(desk, p, quantity, price, stop)
        p.slipped += quantity * abs(price - level)
        kind = LegKind.ENTRY.value if p.layers == 1 else LegKind.ADD.value
        record_leg(desk, p, p.direction * quantity, price, fee_rate, kind)


@compiled
def _refusal(desk: Desk, p: Position, entry: EntryRow, distance: float) -> int:
    """The first limit that forbids the entry, or ``FILLED``; ``distance`` is from stop to price, signed."""
    rules, account = desk.rules, desk.account
    lost = account.day_equity - account.equity
    outcome = Outcome.FILLED
    if p.direction != 0 and (p.layers >= rules.max_layers or entry.level == 1):
        outcome = Outcome.POSITION_OPEN
    elif p.direction == 0 and account.open_positions >= rules.max_open_positions:
        outcome = Outcome.MAX_OPEN_POSITIONS
    elif entry.bar <= p.blocked_until:
        outcome = Outcome.COOLDOWN
    elif rules.max_daily_loss < math.inf and lost >= rules.max_daily_loss * account.day_equity:
        outcome = Outcome.MAX_DAILY_LOSS
    elif account.halted:
        outcome = Outcome.MAX_DRAWDOWN
    elif not distance > 0.0:
        outcome = Outcome.STOP_NOT_PROTECTIVE
    return outcome.value


@compiled
def _quantity(desk: Desk, p: Position, entry: EntryRow, price: float, risk_per_unit: float) -> tuple[float, int]:
    """Base quantity by the sizing rule, in whole lots, within the free margin; and the outcome.

    The levels of a grid are sized as orders that were sent together: from one amount, at their own prices.
    """
    rules, account = desk.rules, desk.account
    free = account.balance - account.margin
    affordable = max(min(free, account.equity), 0.0) * rules.leverage / price
    quantity = entry.quantity
    if quantity > affordable:
        return 0.0, Outcome.NO_FREE_MARGIN.value
    basis = _basis(desk)
    if entry.level > 1:
        basis, price, risk_per_unit = p.basis, entry.price, risk_per_unit + abs(entry.price - price)
    if math.isnan(quantity) and rules.sizing == Sizing.RISK:
        quantity = min(basis * rules.stake * entry.share / risk_per_unit, affordable)
    elif math.isnan(quantity):
        allocated = basis * rules.stake if rules.sizing == Sizing.CASH_FRACTION else rules.stake
        allocated = min(allocated * entry.share, free)
        # Less than one quote unit is no position.
        quantity = allocated * rules.leverage / price if allocated >= 1.0 else 0.0
    quantity = floor_step(quantity, p.quantity_increment)
    small = quantity < p.min_quantity or quantity * price < p.min_notional
    return quantity, Outcome.TOO_SMALL.value if small or not quantity > 0.0 else Outcome.FILLED.value


@compiled
def _basis(desk: Desk) -> float:
    """The money that the sizing rule takes its share of: equity for risk, else free cash."""
    account = desk.account
    return account.equity if desk.rules.sizing == Sizing.RISK else account.balance - account.margin


@compiled
def _open(desk: Desk, p: Position, row: int, price: float, stop: float) -> None:
    """Give a flat symbol a fresh position without quantity."""
    rules, account = desk.rules, desk.account
    entry: EntryRow = desk.entries[row]
    p.direction = entry.direction
    p.entry_price, p.highest, p.lowest = price, price, price
    p.stop, p.initial_stop, p.first_stop, p.stop_kind = stop, stop, stop, LegKind.STOP_LOSS
    p.runner_stop = -p.direction * math.inf
    p.quantity, p.entry_quantity, p.margin, p.risk = 0.0, 0.0, 0.0, 0.0
    p.gross, p.fees, p.funding, p.slipped, p.closed_value = 0.0, 0.0, 0.0, 0.0, 0.0
    p.target_index, p.layers, p.checked, p.exit_pending = 0, 0, False, False
    p.armed = account.phase == Phase.CLOSE or rules.trigger_on_entry_bar
    p.entry_bar = p.bar
    p.decision_bar = entry.bar if entry.kind == OrderKind.MARKET else p.bar
    p.row, p.basis = row, _basis(desk)
    schedule_exits(rules, p)
    account.open_positions += 1


@compiled
def _add(desk: Desk, p: Position, quantity: float, price: float, stop: float) -> None:
    """Add a filled quantity to the position; a layer may tighten the common stop, never loosen it."""
    rules = desk.rules
    p.layers += 1
    held = p.quantity + quantity
    p.entry_price = (p.entry_price * p.quantity + price * quantity) / held
    p.quantity, p.entry_quantity = held, p.entry_quantity + quantity
    p.risk += quantity * abs(price - stop)
    if p.direction * (stop - p.stop) > 0.0:
        p.stop, p.initial_stop = stop, stop
    margin = price * quantity / rules.leverage
    p.margin += margin
    desk.account.margin += margin
    set_levels(rules, p)

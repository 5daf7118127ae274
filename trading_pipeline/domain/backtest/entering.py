"""From a signal to a filled entry: queueing, limits, size, position."""

import math

from trading_pipeline.domain.backtest.codes import Amount, LegKind, Opposite, OrderKind, Outcome, Sizing, Timing
from trading_pipeline.domain.backtest.compiled import compiled
from trading_pipeline.domain.backtest.leaving import DUST, instant_of, record_leg, reduce
from trading_pipeline.domain.backtest.levels import distance, floor_step, follow, round_step
from trading_pipeline.domain.backtest.records import MAX_RESTING, Account, EngineState, EntryRow, Position, Rules

# UTC ms beyond any date, and half of what an int64 holds, so that nothing added to it overflows.
NEVER = 2**62


@compiled
def take_signal(state: EngineState, p: Position, row: int, close: float) -> None:
    """Act on one signal at the close of its bar, after the exits of that close."""
    entry: EntryRow = state.entries[row]
    rules: Rules = state.rules[p.lane]
    p.bar, p.own, p.mark, p.closing = entry.bar, entry.own, close, True
    entry.decided_ms = state.account.now
    at_close = rules.timing == Timing.BAR_CLOSE
    if entry.outcome != Outcome.PENDING:
        return
    if entry.kind == OrderKind.EXIT and at_close:
        entry.outcome = Outcome.NOTHING_TO_EXIT
    elif entry.bar == p.last_bar:
        entry.outcome = Outcome.NO_LATER_BAR
    elif entry.kind == OrderKind.EXIT:
        if meant_for(entry, p.direction):
            _rest(state, p, row)
        else:
            entry.outcome = Outcome.NOTHING_TO_EXIT
    elif entry.kind == OrderKind.MARKET and at_close:
        enter(state, p, row, close)
    else:
        _rest(state, p, row)


@compiled
def meant_for(entry: EntryRow, side: int) -> bool:
    """Whether an exit is about a position of this side; 0 is none."""
    return side != 0 and (entry.direction == 0 or entry.direction == side)


@compiled
def _rest(state: EngineState, p: Position, row: int) -> None:
    """Queue an order for the bars that follow; one at the market fires at whatever the next open is.

    A further level of a grid whose first was refused is withdrawn at once.
    """
    entry: EntryRow = state.entries[row]
    rules: Rules = state.rules[p.lane]
    if entry.level > 1 and state.entries[_first_level(entry, row)].outcome not in (Outcome.PENDING, Outcome.FILLED):
        entry.outcome = Outcome.CANCELLED
        return
    if p.resting >= MAX_RESTING - (entry.kind != OrderKind.EXIT):  # a place is left for an exit
        entry.outcome = Outcome.TOO_MANY_RESTING
        return
    if entry.kind in (OrderKind.MARKET, OrderKind.EXIT):
        # From above an infinite trigger is met by every price, and fires at that price.
        entry.trigger, entry.from_below, entry.expires = math.inf, False, NEVER
    else:
        # A venue takes orders at whole ticks; so does the size of a level go by them.
        entry.price = round_step(entry.price, p.price_increment)
        entry.trigger, entry.expires = entry.price, entry.decided_ms + rules.entry_expiry_bars * p.bar_ms
        entry.from_below = (entry.direction > 0) == (entry.kind == OrderKind.STOP)
    p.resting_rows[p.resting] = row
    p.resting += 1


@compiled
def _first_level(entry: EntryRow, row: int) -> int:
    """The signal that is the first level of this one's grid; a grid's levels follow each other."""
    return row - entry.level + 1


@compiled
def enter(state: EngineState, p: Position, row: int, level: float) -> None:
    """Fill an entry at ``level``: settle what a limit or stop order meets, hold the limits, then book.

    Further levels of a grid add to the position of their first and to no other.
    """
    rules: Rules = state.rules[p.lane]
    entry: EntryRow = state.entries[row]
    if entry.level > 1 and (p.direction != entry.direction or p.row != _first_level(entry, row)):
        entry.outcome = Outcome.CANCELLED
        return
    price, fee_rate = level, rules.maker_fee
    if entry.kind != OrderKind.LIMIT:
        price, fee_rate = level * (1.0 + entry.direction * rules.slippage), rules.taker_fee
    # Market entries had their turn among the exits of the close; what rested meets the other side only here.
    against = p.direction == -entry.direction and entry.kind != OrderKind.MARKET and rules.opposite != Opposite.IGNORE
    if against:
        closing = rules.opposite == Opposite.CLOSE
        p.slipped += p.quantity * abs(price - level)
        kind = LegKind.OPPOSITE_SIGNAL.value if closing else LegKind.REVERSAL.value
        reduce(state, p, p.quantity, price, fee_rate, kind)
        if closing:
            entry.outcome = Outcome.CLOSED_OPPOSITE
            return
    stop = level * (1.0 - entry.direction * rules.stop_fraction) if math.isnan(entry.stop) else entry.stop
    stop = round_step(stop, p.price_increment)
    entry.outcome = _refusal(state, p, entry, level, stop)
    if entry.outcome != Outcome.FILLED:
        return
    quantity, outcome = _quantity(state, p, entry, level, price, stop)
    entry.outcome = outcome
    if outcome == Outcome.FILLED:
        if p.direction == 0:
            _open(state, p, row, price, stop)
        _add(state, p, quantity, price, stop, fee_rate)
        p.slipped += quantity * abs(price - level)
        kind = LegKind.ENTRY.value if p.layers == 1 else LegKind.ADD.value
        record_leg(state, p, p.direction * quantity, price, fee_rate, kind)


@compiled
def _refusal(state: EngineState, p: Position, entry: EntryRow, level: float, stop: float) -> int:
    """The first objection to an entry at ``level``, or ``FILLED``. An infinite stop is none at all."""
    rules: Rules = state.rules[p.lane]
    account, pace = state.account, state.positions[p.pace]
    outcome = Outcome.FILLED
    # "not >" instead of "<=": a stop that is NaN protects nothing either.
    if not entry.direction * (level - stop) > 0.0 or (stop <= 0.0 and math.isfinite(stop)):
        outcome = Outcome.STOP_NOT_PROTECTIVE
    elif not _may_add(state, p, entry):
        outcome = Outcome.POSITION_OPEN
    elif p.direction == 0 and account.open_positions >= rules.max_open_positions:
        outcome = Outcome.MAX_OPEN_POSITIONS
    # Counted in the instrument and timeframe, whatever strategy lost there.
    elif entry.decided_ms < pace.lost_ms + rules.cooldown_bars * p.bar_ms:
        outcome = Outcome.COOLDOWN
    elif _lost_too_much(account, rules):
        outcome = Outcome.MAX_DAILY_LOSS
    elif account.halted:
        outcome = Outcome.MAX_DRAWDOWN
    return outcome.value


@compiled
def _may_add(state: EngineState, p: Position, entry: EntryRow) -> bool:
    """Whether the instrument is free for the entry, or holds a position of its lane that takes one more layer."""
    rules: Rules = state.rules[p.lane]
    if p.direction == 0:
        return bool(state.positions[p.home].owner < 0)
    return p.direction == entry.direction and p.layers < rules.max_layers and entry.level != 1


@compiled
def _lost_too_much(account: Account, rules: Rules) -> bool:
    """Whether equity has fallen by the limit since UTC midnight."""
    lost = account.day_equity - account.equity
    return rules.max_daily_loss < math.inf and lost >= rules.max_daily_loss * account.day_equity


@compiled
def _quantity(
    state: EngineState, p: Position, entry: EntryRow, level: float, price: float, stop: float
) -> tuple[float, int]:
    """Base currency for an entry at ``level`` (before slippage) that fills at ``price``, quote currency; the outcome.

    The least of what the sizing rule gives, equity x leverage, what the free balance can carry with its fees,
    and the largest market order. The levels of a grid are sized as orders that were sent together: from one
    amount, at their own prices.
    """
    rules: Rules = state.rules[p.lane]
    account = state.account
    free = free_balance(account)
    # Initial margin, the fee to open, and the fee to close at the bankruptcy price.
    cost = rules.margin_rate + rules.taker_fee * (2.0 - entry.direction * rules.margin_rate)
    affordable = max(min(account.equity * rules.leverage, free / cost), 0.0) / level
    # NaN, which leaves the quantity to the rules, compares false.
    if entry.quantity > affordable:
        return 0.0, Outcome.NO_FREE_MARGIN.value
    quantity = entry.quantity
    if math.isnan(quantity):
        quantity = min(_wanted(state, p, entry, level, price, stop), affordable)
        quantity = min(quantity, p.max_quantity) if p.max_quantity > 0.0 else quantity
    quantity = floor_step(quantity, p.quantity_increment)
    if not quantity > 0.0 or quantity < p.min_quantity:
        return 0.0, Outcome.TOO_SMALL.value
    # What is left of an account that lost everything is rounding, not money.
    small = quantity * level < max(p.min_notional, DUST * rules.initial_capital)
    if rules.amount != Amount.NONE and math.isnan(entry.quantity):
        small = small or quantity * level < rules.min_amount * entry.share
    return quantity, Outcome.TOO_SMALL.value if small else Outcome.FILLED.value


@compiled
def _wanted(state: EngineState, p: Position, entry: EntryRow, level: float, price: float, stop: float) -> float:
    """What the sizing rule gives the entry, base currency; margins are those of the fill's price, in quote currency."""
    rules: Rules = state.rules[p.lane]
    account = state.account
    basis = p.basis if entry.level > 1 else _basis(account, rules)
    if entry.level > 1:
        # At the level's own price, not at a gap it may fill at: all levels together lose what was meant to be at risk.
        level, price = entry.price, entry.price
    free = free_balance(account)
    if rules.sizing == Sizing.RISK:
        at_risk = basis * rules.stake * entry.share / distance(level, stop, p.price_increment)
        if rules.amount == Amount.NONE:
            return at_risk
        # What is not known to be small is not bought: NaN compares false.
        amount = _amount(rules, max(free, 0.0), entry.volatility_scale) * entry.share / level
        return min(at_risk, amount) if amount > 0.0 else 0.0
    allocated = basis * rules.stake if rules.sizing == Sizing.CASH_FRACTION else rules.stake
    allocated = min(allocated * entry.share, free)
    # Less than one quote unit is no position.
    return allocated * rules.leverage / price if allocated >= 1.0 else 0.0


@compiled
def _amount(rules: Rules, free: float, volatility_scale: float) -> float:
    """Quote currency that the live model gives one trade, as ``SizingRule.amount``; NaN by an unknown volatility."""
    wanted = rules.amount_stake if rules.amount == Amount.FIXED else free * rules.amount_stake
    wanted = min(wanted * volatility_scale, free * rules.amount_share)
    if not wanted > 0.0:
        return wanted
    return min(max(wanted, rules.min_amount), rules.max_amount, free)


@compiled
def free_balance(account: Account) -> float:
    """Quote currency that can bind new margin: what positions gained on paper cannot, what they lost is gone."""
    worth = account.equity + account.balance - account.marked_balance
    return min(account.balance, worth) - account.margin


@compiled
def _basis(account: Account, rules: Rules) -> float:
    """Quote currency that the sizing rule takes its share of: equity for risk, else free cash."""
    return account.equity if rules.sizing == Sizing.RISK else account.balance - account.margin


@compiled
def _open(state: EngineState, p: Position, row: int, price: float, stop: float) -> None:
    """Give a flat instrument a fresh position without quantity."""
    rules: Rules = state.rules[p.lane]
    account = state.account
    entry: EntryRow = state.entries[row]
    p.direction = entry.direction
    p.entry_price, p.highest, p.lowest = price, price, price
    p.stop, p.initial_stop, p.stop_kind = stop, stop, LegKind.STOP_LOSS
    p.runner_stop = -p.direction * math.inf
    p.quantity, p.entry_quantity, p.margin, p.drained, p.risk = 0.0, 0.0, 0.0, 0.0, 0.0
    p.gross, p.fees, p.funding, p.slipped, p.closed_value = 0.0, 0.0, 0.0, 0.0, 0.0
    p.targets_done, p.layers, p.checked = 0, 0, False
    p.entry_bar, p.entered_ms = p.bar, instant_of(state, p)
    # An order that rested fills inside the lane's bar that closes now or is still under way.
    p.decision_own = entry.own if entry.kind == OrderKind.MARKET else p.own + (not p.deciding)
    p.row, p.trade, p.basis = row, account.trades, _basis(account, rules)
    account.trades += 1
    state.positions[p.home].owner = p.lane
    account.open_positions += 1


@compiled
def _add(state: EngineState, p: Position, quantity: float, price: float, stop: float, fee_rate: float) -> None:
    """Add a filled quantity to the position; a layer may tighten the common stop, never loosen it."""
    rules: Rules = state.rules[p.lane]
    account = state.account
    p.layers += 1
    held = p.quantity + quantity
    # The average of one fill is that fill to the last bit.
    p.entry_price += (price - p.entry_price) * (quantity / held)
    p.quantity, p.entry_quantity = held, p.entry_quantity + quantity
    if p.direction * (stop - p.initial_stop) > 0.0:
        p.initial_stop = stop
    if p.direction * (stop - p.stop) > 0.0:
        p.stop, p.stop_kind = stop, LegKind.STOP_LOSS
    p.risk = p.entry_quantity * abs(p.entry_price - p.initial_stop)
    # Slippage may ask for more margin than was free at the price before it: then that is all there is.
    margin = price * quantity / rules.leverage
    missing = margin + price * quantity * fee_rate - (account.balance - account.margin)
    if missing > DUST * margin:
        margin -= missing
        p.drained += missing
    p.margin += margin
    account.margin += margin
    follow(rules, p)

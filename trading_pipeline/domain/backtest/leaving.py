"""Closing fills, their book-keeping, funding, and the withdrawal of resting entries."""

import math

from trading_pipeline.domain.backtest.codes import LegKind, Outcome, Phase
from trading_pipeline.domain.backtest.compiled import compiled
from trading_pipeline.domain.backtest.levels import bankruptcy, set_levels
from trading_pipeline.domain.backtest.records import EngineState, EntryRow, Position, Rules, TradeRow

# A quantity below this share of the entry is rounding, not exposure.
DUST = 1e-12


@compiled
def leave(state: EngineState, p: Position, level: float, kind: int) -> None:
    """Close everything at the market: ``level`` (a price in quote currency) made worse by slippage, taker fee.

    No worse than the price at which the margin is used up.
    """
    rules: Rules = state.rules[p.lane]
    price = level * (1.0 - p.direction * rules.slippage)
    if p.direction * (price - p.liquidation) <= 0.0:
        last = bankruptcy(rules, p)
        price = max(price, last) if p.direction > 0 else min(price, last)
    p.slipped += p.quantity * abs(level - price)
    reduce(state, p, p.quantity, price, rules.taker_fee, kind)


@compiled
def liquidate(state: EngineState, p: Position, level: float) -> None:
    """Close everything because the margin no longer carries it; loses the margin at most, fee included."""
    rules: Rules = state.rules[p.lane]
    last = bankruptcy(rules, p)
    price = max(level, last) if p.direction > 0 else min(level, last)
    left = max(p.margin + p.direction * p.quantity * (price - p.entry_price), 0.0)
    # At zero there is nothing to charge.
    fee_rate = min(rules.taker_fee, left / (price * p.quantity)) if price > 0.0 else 0.0
    reduce(state, p, p.quantity, price, fee_rate, LegKind.LIQUIDATION.value)


@compiled
def pay_funding(state: EngineState, p: Position, per_unit: float) -> None:
    """Charge funding on what is open: longs pay a positive rate, shorts receive it.

    What the free balance cannot pay comes out of the position's margin and moves its liquidation.

    :param per_unit: price x rate, quote currency for each unit of base currency.
    """
    account = state.account
    paid = p.direction * p.quantity * per_unit
    p.funding += paid
    account.balance -= paid
    # At most this payment: what was missing before it has been taken already.
    missing = min(account.margin - account.balance, paid)
    if missing > 0.0:
        p.margin -= missing
        p.drained += missing
        account.margin -= missing
        set_levels(state.rules[p.lane], p)


@compiled
def reduce(state: EngineState, p: Position, quantity: float, price: float, fee_rate: float, kind: int) -> None:
    """Book a closing fill; finish the trade when nothing is left. No fee is charged that is not there."""
    account = state.account
    gross = p.direction * quantity * (price - p.entry_price)
    account.balance += gross
    p.gross += gross
    p.closed_value += price * quantity
    released = p.margin * (quantity / p.quantity)
    p.margin -= released
    account.margin -= released
    p.drained -= p.drained * (quantity / p.quantity)
    p.quantity -= quantity
    free = account.balance - account.margin
    if price * quantity * fee_rate > free:
        fee_rate = max(free, 0.0) / (price * quantity) if price > 0.0 else 0.0
    record_leg(state, p, -p.direction * quantity, price, fee_rate, kind)
    if p.quantity <= DUST * p.entry_quantity:
        finish(state, p, kind)


@compiled
def record_leg(
    state: EngineState, p: Position, signed_quantity: float, price: float, fee_rate: float, kind: int
) -> None:
    """Write one fill, base currency, positive for a buy, and charge its fee; ``fee_rate`` is a fraction of notional."""
    account = state.account
    fee = abs(signed_quantity) * price * fee_rate
    account.balance -= fee
    p.fees += fee
    # Noted instead of raised: the ledger's proof refuses the run afterwards, with the numbers.
    if account.legs == len(state.legs):
        account.overflow = True
        return
    leg = state.legs[account.legs]
    leg.row, leg.instrument_id, leg.bar, leg.phase = p.row, p.instrument_id, p.bar, account.phase
    leg.quantity, leg.price, leg.fee, leg.kind = signed_quantity, price, fee, kind
    account.legs += 1


@compiled
def finish(state: EngineState, p: Position, kind: int) -> None:
    """Write the trade and make the instrument flat."""
    account = state.account
    trade: TradeRow = state.trades[p.trade]
    trade.row, trade.lane, trade.direction = p.row, p.lane, p.direction
    trade.layers, trade.entry_bar, trade.exit_bar, trade.exit_kind = p.layers, p.entry_bar, p.bar, kind
    trade.filled, trade.entry_price, trade.initial_stop = p.entry_quantity, p.entry_price, p.initial_stop
    trade.exit_price = p.closed_value / p.entry_quantity
    trade.risk, trade.gross, trade.fees, trade.funding = p.risk, p.gross, p.fees, p.funding
    trade.slipped = p.slipped
    above, below = max(p.highest - p.entry_price, 0.0), max(p.entry_price - p.lowest, 0.0)
    favourable, adverse = (above, below) if p.direction > 0 else (below, above)
    trade.mfe, trade.mae = favourable * p.entry_quantity, adverse * p.entry_quantity
    # Only the initial stop starts a cooldown, as in the gate; break-even and runner's stops have kinds of their own.
    if kind == LegKind.STOP_LOSS:
        state.positions[p.pace].lost_ms = instant_of(state, p)
    account.open_positions -= 1
    account.margin -= p.margin
    withdraw_layers(state, p)
    state.positions[p.home].owner = -1
    p.direction, p.quantity, p.margin, p.drained = 0, 0.0, 0.0, 0.0
    p.lower, p.upper = -math.inf, math.inf
    # Rounding of released margin must not gather over thousands of trades.
    if account.open_positions == 0:
        account.margin = 0.0


@compiled
def withdraw_layers(state: EngineState, p: Position) -> None:
    """Cancel the levels of the position's grid that are still resting; other orders stay."""
    # From the end, because removing an order moves those behind it.
    for r in range(p.resting - 1, -1, -1):
        entry: EntryRow = state.entries[p.resting_rows[r]]
        if entry.level > 1 and entry.direction == p.direction:
            entry.outcome = Outcome.CANCELLED
            remove_resting(p, r)


@compiled
def expire(state: EngineState, p: Position, instant: int) -> None:
    """Withdraw resting entries whose time is over at ``instant``, UTC ms."""
    # From the end, because removing an order moves those behind it.
    for r in range(p.resting - 1, -1, -1):
        entry: EntryRow = state.entries[p.resting_rows[r]]
        if entry.expires <= instant:
            entry.outcome = Outcome.EXPIRED
            remove_resting(p, r)


@compiled
def remove_resting(p: Position, r: int) -> None:
    """Take order ``r`` out of the queue, keeping the order of the rest."""
    p.resting -= 1
    for j in range(r, p.resting):
        p.resting_rows[j] = p.resting_rows[j + 1]


@compiled
def instant_of(state: EngineState, p: Position) -> int:
    """When the fill at hand counts as made, UTC ms: at the bar's open, else at its close."""
    return p.open_ms if state.account.phase == Phase.OPEN else state.account.now

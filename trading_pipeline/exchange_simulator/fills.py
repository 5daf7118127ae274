"""Filling and cancelling orders, with everything the venue does as a consequence."""

from dataclasses import dataclass
from decimal import Decimal

from trading_pipeline.exchange_simulator import protection
from trading_pipeline.exchange_simulator.exchange import Exchange, Execution
from trading_pipeline.exchange_simulator.liquidity import offered, pause
from trading_pipeline.exchange_simulator.orders import ZERO, Order, Status
from trading_pipeline.exchange_simulator.payloads.positions import position_push
from trading_pipeline.exchange_simulator.payloads.private import execution_push, order_push
from trading_pipeline.exchange_simulator.payloads.wallet import wallet_push
from trading_pipeline.exchange_simulator.positions import Position


def fill(exchange: Exchange, order: Order, price: Decimal, *, maker: bool, kind: str = "Trade") -> None:
    """Fill at ``price`` what the market gives of the order; a reduce-only order at most what is open.

    What a reduce-only order cannot close is cancelled, as the venue does.
    """
    position = exchange.positions.of(order.terms)
    quantity = order.leaves
    if kind == "Trade":
        quantity = min(exchange.liquidity(order), offered(exchange, order, maker=maker))
    if quantity < order.leaves:
        pause(exchange, order)
    if order.terms.reduce_only:
        quantity = min(quantity, position.reducible(order.terms.sign))
    if not quantity:
        _go_without(exchange, order, position, maker=maker)
        return
    was = position.size
    _book(exchange, order, quantity, price, maker=maker, kind=kind)
    if order.filled == order.terms.quantity:
        order.status = Status.FILLED
        exchange.orders.settle(order)
    exchange.push("order", order_push(order))
    _end_rest(exchange, order, position)
    # After the order's own message: the venue tells of an order before it tells of what follows from it.
    _follow_position(exchange, order, position, was, quantity)
    announce_position(exchange, position)


def _go_without(exchange: Exchange, order: Order, position: Position, *, maker: bool) -> None:
    """The market gave nothing: an order that may rest does, any other ends."""
    if order.status is Status.TRIGGERED:
        order.status = Status.NEW
    _end_rest(exchange, order, position)
    if order.active and not maker:
        exchange.push("order", order_push(order))


def _end_rest(exchange: Exchange, order: Order, position: Position) -> None:
    """Cancel what is left of an order that cannot close more, or does not rest."""
    if not order.leaves:
        return
    if order.terms.reduce_only and not position.reducible(order.terms.sign):
        cancel(exchange, order, "CancelByReduceOnly")
    elif order.terms.price is None or order.terms.time_in_force in ("IOC", "FOK"):
        cancel(exchange, order, "UNKNOWN", "EC_NoImmediateQtyToFill")


def _book(exchange: Exchange, order: Order, quantity: Decimal, price: Decimal, *, maker: bool, kind: str) -> None:
    """Change position, money and order, and write the execution."""
    position = exchange.positions.of(order.terms)
    instrument = exchange.markets[order.terms.symbol].instrument
    rate = instrument.maker_fee if maker else instrument.taker_fee
    fee = quantity * price * rate
    closed = min(quantity, position.reducible(order.terms.sign))
    closing_fee = fee * closed / quantity
    open_fee = position.release_open_fees(closed)
    realised = position.change(quantity * order.terms.sign, price, exchange.now_ms)
    position.open_fees += fee - closing_fee
    # The position's own count beside the account's: the venue shows fees as part of a position's realised profit.
    position.charge(fee)
    account = exchange.account
    account.realised += realised
    account.fees += fee
    account.wallet += realised - fee
    order.filled += quantity
    order.average_value += quantity * price
    order.fees += fee
    order.closed_pnl += realised - open_fee - closing_fee
    order.updated_ms = exchange.now_ms
    order.status = Status.PARTIALLY_FILLED
    record(exchange, order, Booking(kind, quantity, price, closed, realised, fee, rate, maker, open_fee))


@dataclass(frozen=True, slots=True)
class Booking:
    """The figures of one execution; see ``Execution`` for their meaning."""

    kind: str
    quantity: Decimal
    price: Decimal
    closed: Decimal
    realised: Decimal
    fee: Decimal
    rate: Decimal
    maker: bool
    open_fee: Decimal = ZERO


def record(exchange: Exchange, order: Order, booking: Booking) -> None:
    """Write an execution into the history and tell the private stream."""
    sequence = exchange.next_sequence()
    execution = Execution(
        execution_id=exchange.new_id("execution", sequence),
        sequence=sequence,
        order=order,
        kind=booking.kind,
        quantity=booking.quantity,
        price=booking.price,
        closed=booking.closed,
        realised=booking.realised,
        fee=booking.fee,
        fee_rate=booking.rate,
        is_maker=booking.maker,
        open_fee=booking.open_fee,
        leaves=order.leaves,
        at_ms=exchange.now_ms,
    )
    exchange.executions.append(execution)
    exchange.push("execution", execution_push(execution, exchange.markets[order.terms.symbol].last))


def cancel(exchange: Exchange, order: Order, cancel_type: str, reject_reason: str = "EC_NoError") -> None:
    """End an order unfilled; untriggered ones are deactivated, as the venue calls it."""
    was_conditional = order.conditional
    if order.filled:
        order.status = Status.PARTIALLY_FILLED_CANCELLED
    elif was_conditional:
        order.status = Status.DEACTIVATED
    else:
        order.status = Status.CANCELLED
    order.cancel_type = cancel_type
    order.reject_reason = reject_reason
    order.updated_ms = exchange.now_ms
    exchange.orders.settle(order)
    exchange.push("order", order_push(order))


def _follow_position(exchange: Exchange, order: Order, position: Position, was: Decimal, quantity: Decimal) -> None:
    """Stops and reduce-only orders follow the position: gone when it closed, resized when it changed.

    :param was: its size before; ``quantity`` is what the order has filled since, both base currency.
    """
    # Closed, or turned around, which closes it and opens another.
    if position.flat or position.size * was < 0:
        for other in exchange.orders.active(position.symbol):
            if other.terms.position_index != position.index:
                continue
            # The user's own conditional orders outlive the position: they are judged when they trigger.
            if other.conditional and other.terms.create_type == "CreateByUser":
                continue
            if other.terms.reduce_only and position.reducible(other.terms.sign) == ZERO:
                own = other.terms.create_type != "CreateByUser"
                cancel(exchange, other, "CancelByTpSlTsClear" if own else "CancelByReduceOnly")
    # A stop that was triggered protects no more, also where it has filled a part and the rest was cancelled.
    protection.forget_settled(position)
    # After the old stops are gone: an order that turns the position brings the stops of the new one.
    if order.terms.stop_loss is not None or order.terms.take_profit is not None:
        protection.attach(exchange, position, order, quantity)
    protection.resize(exchange, position)


def announce_position(exchange: Exchange, position: Position) -> None:
    """Tell the private stream about a position and the wallet."""
    exchange.push("position", position_push(exchange, position))
    announce_wallet(exchange)


def announce_wallet(exchange: Exchange) -> None:
    """Tell the private stream about the wallet."""
    exchange.push("wallet", wallet_push(exchange))

"""Position-level stop loss and take profit in Full mode: market orders that the venue holds."""

from dataclasses import replace
from decimal import Decimal

from trading_pipeline.exchange_simulator.exchange import Exchange
from trading_pipeline.exchange_simulator.orders import Order, Status, Terms
from trading_pipeline.exchange_simulator.payloads.private import order_push
from trading_pipeline.exchange_simulator.positions import Position
from trading_pipeline.exchange_simulator.rejections import bad_parameter

_CREATE_TYPES = {"StopLoss": "CreateByStopLoss", "TakeProfit": "CreateByTakeProfit"}


def check_side(kind: str, level: Decimal, side: str, base: Decimal) -> None:
    """A stop loss lies on the losing side of ``base``, a take profit on the winning side.

    :param side: of the position, ``Buy`` or ``Sell``.
    :raises Rejection: 10001 with the venue's wording.
    """
    below = (kind == "StopLoss") == (side == "Buy")
    if level < base if below else level > base:
        return
    relation = "lower" if below else "higher"
    raise bad_parameter(f"{kind}:{level} set for {side} position should {relation} than base_price:{base}??LastPrice")


def attach(exchange: Exchange, position: Position, order: Order) -> None:
    """The levels an order carried become the position's when it opened or added to it."""
    # The order closed something: its levels were meant for what it would have opened.
    if position.flat or position.size * order.terms.sign < 0:
        return
    terms = order.terms
    if terms.stop_loss is not None:
        set_level(exchange, position, "StopLoss", terms.stop_loss, terms.stop_trigger_by)
    if terms.take_profit is not None:
        set_level(exchange, position, "TakeProfit", terms.take_profit, terms.profit_trigger_by)


def set_level(exchange: Exchange, position: Position, kind: str, level: Decimal, trigger_by: str = "") -> None:
    """Place the position's stop loss or take profit, or move the one that is there."""
    existing = held(position, kind)
    if existing is None:
        hold(position, kind, _place(exchange, position, kind, level, trigger_by or "LastPrice"))
        return
    # The venue moves the order it has; a second one would be a second stop.
    existing.terms = replace(existing.terms, trigger_price=level, trigger_by=trigger_by or existing.terms.trigger_by)
    existing.updated_ms = exchange.now_ms
    exchange.push("order", order_push(existing))


def held(position: Position, kind: str) -> Order | None:
    """The position's order of that kind."""
    return position.stop_loss if kind == "StopLoss" else position.take_profit


def hold(position: Position, kind: str, order: Order | None) -> None:
    """Make an order the position's order of that kind."""
    if kind == "StopLoss":
        position.stop_loss = order
    else:
        position.take_profit = order


def _place(exchange: Exchange, position: Position, kind: str, level: Decimal, trigger_by: str) -> Order:
    """A new untriggered market order for the whole position, without a client id."""
    sequence = exchange.next_sequence()
    is_long = position.size > 0
    terms = Terms(
        symbol=position.symbol,
        side="Sell" if is_long else "Buy",
        order_type="Market",
        quantity=abs(position.size),
        time_in_force="IOC",
        reduce_only=True,
        close_on_trigger=True,
        trigger_price=level,
        trigger_rises=is_long == (kind == "TakeProfit"),
        trigger_by=trigger_by,
        stop_order_type=kind,
        create_type=_CREATE_TYPES[kind],
    )
    order = Order(
        exchange.new_id("order", sequence), sequence, terms, exchange.now_ms, exchange.markets[position.symbol].last
    )
    exchange.orders.add(order)
    exchange.push("order", order_push(order))
    return order


def resize(exchange: Exchange, position: Position) -> None:
    """Full mode: stops always cover the whole position."""
    for order in (position.stop_loss, position.take_profit):
        if order is not None and order.active and order.terms.quantity != abs(position.size):
            order.terms = replace(order.terms, quantity=abs(position.size))
            order.updated_ms = exchange.now_ms
            exchange.push("order", order_push(order))


def forget_settled(position: Position) -> None:
    """Drop stops that were triggered or cancelled."""
    for kind in ("StopLoss", "TakeProfit"):
        order = held(position, kind)
        if order is not None and order.status is not Status.UNTRIGGERED:
            hold(position, kind, None)

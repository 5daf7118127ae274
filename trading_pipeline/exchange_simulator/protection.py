"""Stop losses and take profits that the venue holds: the position's own (Full mode), and of parts of it (Partial)."""

from dataclasses import replace
from decimal import Decimal

from trading_pipeline.exchange_simulator.exchange import Exchange
from trading_pipeline.exchange_simulator.orders import Levels, Order, Status, Terms
from trading_pipeline.exchange_simulator.payloads.private import order_push
from trading_pipeline.exchange_simulator.positions import Position
from trading_pipeline.exchange_simulator.rejections import bad_parameter

_SLOTS = {"StopLoss": "stop_loss", "TakeProfit": "take_profit", "TrailingStop": "trailing_stop"}


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


def attach(exchange: Exchange, position: Position, order: Order, quantity: Decimal) -> None:
    """The levels an order carried become the position's when it opened or added to it, or those of what it filled.

    :param quantity: that it has just filled, base currency.
    """
    # The order closed something: its levels were meant for what it would have opened.
    if position.flat or position.size * order.terms.sign < 0:
        return
    terms = order.terms
    if terms.partial:
        place_pair(exchange, position, terms, quantity)
        return
    if terms.stop_loss is not None:
        set_level(exchange, position, "StopLoss", terms.stop_loss, terms.stop_trigger_by)
    if terms.take_profit is not None:
        set_level(exchange, position, "TakeProfit", terms.take_profit, terms.profit_trigger_by)


def place_pair(exchange: Exchange, position: Position, levels: Terms | Levels, quantity: Decimal) -> None:
    """Place the levels for a part of the position; of two that are given together one ends with the other.

    :param quantity: base currency.
    """
    wanted = (
        ("PartialStopLoss", levels.stop_loss, levels.stop_trigger_by, levels.stop_limit),
        ("PartialTakeProfit", levels.take_profit, levels.profit_trigger_by, levels.profit_limit),
    )
    placed = [
        _place(exchange, position, kind, level, trigger_by, quantity, limit)
        for kind, level, trigger_by, limit in wanted
        if level is not None
    ]
    if len(placed) > 1:
        for order, other in (placed, reversed(placed)):
            order.terms = replace(order.terms, pair_id=other.order_id)


def paired(exchange: Exchange, order: Order) -> Order | None:
    """The order that ends with this one, if it has not ended yet."""
    other = exchange.orders.find(order.terms.pair_id, "") if order.terms.pair_id else None
    return other if other is not None and other.active else None


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


def set_trailing(exchange: Exchange, position: Position, distance: Decimal, activation: Decimal | None) -> None:
    """Place the position's trailing stop, or give the one that is there another distance or activation price.

    :param distance: quote currency; ``activation`` likewise, ``None`` follows from now on.
    """
    existing = position.trailing_stop
    level = activation or exchange.markets[position.symbol].last
    order = existing or _place(exchange, position, "TrailingStop", level, "LastPrice")
    order.terms = replace(order.terms, trailing_by=distance, trigger_price=level, awaits_activation=True)
    # Activation is a rise for a long, as a take profit would be.
    order.terms = replace(order.terms, trigger_rises=position.size > 0)
    position.trailing_stop = order
    if activation is None:
        activate(exchange, order)
    else:
        exchange.push("order", order_push(order))


def activate(exchange: Exchange, order: Order) -> None:
    """Let a trailing stop follow the price from where it stands."""
    order.terms = replace(order.terms, awaits_activation=False, trigger_rises=order.terms.sign > 0, trigger_price=None)
    trail(exchange, order)


def trail_all(exchange: Exchange) -> None:
    """Let every active trailing stop follow where the price has gone to its favour."""
    for position in exchange.open_positions():
        order = position.trailing_stop
        if order is not None and order.active and not order.terms.awaits_activation:
            trail(exchange, order)


def trail(exchange: Exchange, order: Order) -> None:
    """Move the trigger to its distance behind the price, never back."""
    terms, last = order.terms, exchange.markets[order.terms.symbol].last
    if terms.trailing_by is None:
        raise AssertionError(f"order {order.order_id} follows at no distance")
    level, before = last + terms.trailing_by * terms.sign, terms.trigger_price
    if before is not None and (level - before) * terms.sign >= 0:
        return
    order.terms = replace(terms, trigger_price=level)
    order.updated_ms = exchange.now_ms
    exchange.push("order", order_push(order))


def held(position: Position, kind: str) -> Order | None:
    """The position's order of that kind."""
    order: Order | None = getattr(position, _SLOTS[kind])
    return order


def hold(position: Position, kind: str, order: Order | None) -> None:
    """Make an order the position's order of that kind."""
    setattr(position, _SLOTS[kind], order)


def _place(
    exchange: Exchange,
    position: Position,
    kind: str,
    level: Decimal,
    trigger_by: str,
    quantity: Decimal | None = None,
    limit: Decimal | None = None,
) -> Order:
    """A new untriggered order without a client id, for the whole position at market unless it is said otherwise."""
    sequence = exchange.next_sequence()
    is_long = position.size > 0
    terms = Terms(
        symbol=position.symbol,
        side="Sell" if is_long else "Buy",
        order_type="Market" if limit is None else "Limit",
        quantity=abs(position.size) if quantity is None else quantity,
        price=limit,
        time_in_force="IOC" if limit is None else "GTC",
        reduce_only=True,
        close_on_trigger=True,
        trigger_price=level,
        trigger_rises=is_long == kind.endswith("TakeProfit"),
        trigger_by=trigger_by,
        stop_order_type=kind,
        position_index=position.index,
        create_type=f"CreateBy{kind}",
    )
    order = Order(
        exchange.new_id("order", sequence), sequence, terms, exchange.now_ms, exchange.markets[position.symbol].last
    )
    exchange.orders.add(order)
    exchange.push("order", order_push(order))
    return order


def resize(exchange: Exchange, position: Position) -> None:
    """The position's own stops always cover all of it, those of a part never more than there is."""
    size, own = abs(position.size), (position.stop_loss, position.take_profit, position.trailing_stop)
    for order in exchange.orders.active(position.symbol):
        terms = order.terms
        too_large = terms.stop_order_type.startswith("Partial") and order.conditional and terms.quantity > size > 0
        if terms.position_index == position.index and (too_large or (order in own and terms.quantity != size)):
            order.terms = replace(terms, quantity=size)
            order.updated_ms = exchange.now_ms
            exchange.push("order", order_push(order))


def forget_settled(position: Position) -> None:
    """Drop stops that were triggered or cancelled."""
    for kind in _SLOTS:
        order = held(position, kind)
        if order is not None and order.status is not Status.UNTRIGGERED:
            hold(position, kind, None)

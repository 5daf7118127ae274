"""Amending and cancelling orders."""

from dataclasses import asdict, replace
from decimal import Decimal

from trading_pipeline.domain.model.instruments import Instrument
from trading_pipeline.exchange_simulator import latency, matching, order_entry, parameters
from trading_pipeline.exchange_simulator.exchange import Exchange
from trading_pipeline.exchange_simulator.fills import cancel as cancel_order
from trading_pipeline.exchange_simulator.orders import CANCEL, Levels, Order, Terms
from trading_pipeline.exchange_simulator.parameters import Parameters
from trading_pipeline.exchange_simulator.payloads.private import order_push
from trading_pipeline.exchange_simulator.protection import forget_settled, paired
from trading_pipeline.exchange_simulator.rejections import Rejection, bad_parameter, order_not_found


def _addressed(exchange: Exchange, request: Parameters) -> Order:
    """The active order that the request names.

    :raises Rejection: 10001 without an id, 110001 when there is no such active order.
    """
    parameters.linear(request)
    symbol = parameters.required(request, "symbol")
    exchange.market(symbol)
    order_id, link_id = parameters.text(request, "orderId"), parameters.text(request, "orderLinkId")
    if not order_id and not link_id:
        raise bad_parameter("params error: orderId or orderLinkId is required")
    order = exchange.orders.find(order_id, link_id)
    if order is None or not order.active or order.terms.symbol != symbol:
        raise order_not_found()
    return order


def cancel(exchange: Exchange, request: Parameters) -> Order:
    """Cancel one order at the user's wish.

    :raises Rejection: see ``_addressed``.
    """
    order = _addressed(exchange, request)
    _cancel(exchange, order)
    return order


def _cancel(exchange: Exchange, order: Order) -> None:
    """Cancel an order now, or when the wish has reached the market."""
    if not latency.send(exchange, order.on_the_way, CANCEL):
        withdraw(exchange, order)


def withdraw(exchange: Exchange, order: Order) -> None:
    """Take an order out of the market, and with a take profit or stop loss the one it was given together with."""
    for one in (order, paired(exchange, order)):
        if one is not None and one.active:
            cancel_order(exchange, one, "CancelByUser")
    forget_settled(exchange.positions.of(order.terms))


def cancel_all(exchange: Exchange, request: Parameters) -> list[Order]:
    """Cancel the active orders of a symbol or of a coin, a position's stops among them unless a filter leaves them.

    :raises Rejection: 10001, neither symbol nor coin is given.
    """
    parameters.linear(request)
    symbol = parameters.text(request, "symbol")
    if symbol:
        exchange.market(symbol)
    elif not (parameters.text(request, "settleCoin") or parameters.text(request, "baseCoin")):
        raise bad_parameter("params error: symbol, baseCoin or settleCoin is required")
    wanted = parameters.text(request, "orderFilter")
    # The venue's way to say "conditional orders of mine, and not what protects a position".
    if wanted == "StopOrder" and parameters.text(request, "stopOrderType") == "Stop":
        wanted = "Stop"
    meant = [one for one in exchange.orders.active(symbol) if parameters.of_coins(request, exchange.contract(one))]
    chosen = [order for order in meant if _matches(order, wanted)]
    for order in chosen:
        _cancel(exchange, order)
    # Stops that were asked for before and are not there yet: the wish follows them to the market.
    asked_for = {change["symbol"] for _, change in exchange.account.on_the_way if "tpslMode" in change}
    for one in sorted(asked_for) if wanted not in ("Order", "Stop") else ():
        if parameters.of_coins(request, exchange.markets[one].instrument):
            latency.send(exchange, exchange.account.on_the_way, {"symbol": one, "orderFilter": wanted})
    return chosen


def withdraw_stops(exchange: Exchange, symbol: str, order_filter: str) -> None:
    """Take the stops of a symbol's positions out of the market that the filter selects."""
    for order in exchange.orders.active(symbol):
        if order.conditional and order.terms.stop_order_type != "Stop" and _matches(order, order_filter):
            withdraw(exchange, order)


def _matches(order: Order, order_filter: str) -> bool:
    """Whether the filter (``Order``, ``StopOrder``, ``Stop``, ``tpslOrder`` or empty for all) selects the order."""
    if order_filter == "Stop":
        return order.conditional and order.terms.stop_order_type == "Stop"
    own_stop = order.terms.stop_order_type.endswith(("StopLoss", "TakeProfit"))
    if order_filter == "Order":
        return not order.conditional
    if order_filter == "StopOrder":
        return order.conditional
    return own_stop if order_filter == "tpslOrder" else True


def amend(exchange: Exchange, request: Parameters) -> Order:
    """Change quantity, price, trigger or attached levels of an active order.

    :raises Rejection: see ``_addressed``; the checks of a new order; 10001 when nothing changes.
    """
    order = _addressed(exchange, request)
    terms = _amended(exchange, order, request)
    if terms == order.agreed:
        raise bad_parameter("order not modified")
    order_entry.check_levels(exchange, terms)
    _check_margin(exchange, order, terms)
    if not latency.send(exchange, order.on_the_way, terms):
        change(exchange, order, terms)
    return order


def change(exchange: Exchange, order: Order, terms: Terms) -> None:
    """Give an order other terms, unless the market has made them impossible on their way."""
    triggered = (terms.trigger_price is not None) != order.conditional
    if triggered or terms.quantity <= order.filled:
        return
    order.terms = terms
    order.updated_ms = exchange.now_ms
    # An amended order that rests may cross the market now, and then meets it like a new one.
    if order.conditional:
        exchange.push("order", order_push(order))
    else:
        matching.execute(exchange, order)


def _check_margin(exchange: Exchange, order: Order, terms: Terms) -> None:
    """The margin the change adds is covered by the available balance.

    :raises Rejection: 110007.
    """
    before = exchange.margin_of(order)
    if not before or terms.price is None:
        return
    open_quantity = terms.quantity - order.filled
    # Only what the change adds: the order's own margin is bound already.
    after = exchange.opening_margin(terms, open_quantity, terms.price)
    if after - before > exchange.available():
        raise Rejection(110007, "ab not enough for new order")


def _amended(exchange: Exchange, order: Order, request: Parameters) -> Terms:
    """The order's terms with the changes asked for, checked."""
    terms = order.agreed
    instrument = exchange.markets[terms.symbol].instrument
    quantity = parameters.number(request, "qty") or terms.quantity
    order_entry.check_quantity(instrument, quantity, instrument.max_quantity)
    if quantity <= order.filled:
        raise Rejection(110064, "The modified contract quantity cannot be less than or equal to the filled quantity")
    price = order_entry.optional_price(request, "price", instrument) or terms.price
    if parameters.number(request, "price") and terms.order_type == "Market":
        raise bad_parameter("params error: price of a market order can not be modified")
    if price is not None:
        order_entry.check_band(exchange, terms.symbol, terms.side, price)
    trigger, trigger_by = _amended_trigger(exchange, order, request)
    order_entry.check_notional(exchange, instrument, quantity, price, reduce_only=terms.reduce_only)
    return replace(
        terms,
        quantity=quantity,
        price=price,
        trigger_price=trigger,
        trigger_by=trigger_by,
        **asdict(_amended_levels(terms, request, instrument)),
    )


def _amended_trigger(exchange: Exchange, order: Order, request: Parameters) -> tuple[Decimal | None, str]:
    """The trigger of a conditional order, and the price that it watches.

    :raises Rejection: 10001, the order has triggered or never waited for one; 110092 or 110093, see ``check_trigger``.
    """
    terms = order.agreed
    trigger = order_entry.optional_price(request, "triggerPrice", exchange.contract(order)) or terms.trigger_price
    if trigger is None:
        return None, terms.trigger_by
    if not order.conditional:
        raise bad_parameter("params error: order has no trigger price")
    watched = parameters.one_of(request, "triggerBy", order_entry.TRIGGERS, terms.trigger_by)
    if (trigger, watched) != (terms.trigger_price, terms.trigger_by):
        order_entry.check_trigger(exchange.markets[terms.symbol], trigger, watched, rises=terms.trigger_rises)
    return trigger, watched


def _amended_levels(terms: Terms, request: Parameters, instrument: Instrument) -> Levels:
    """Attached stop loss and take profit: what the request leaves out stays, and 0 takes one away."""
    present = {
        "tpslMode": "Partial" if terms.partial else "Full",
        "stopLoss": terms.stop_loss,
        "slTriggerBy": terms.stop_trigger_by,
        "slOrderType": "Limit" if terms.stop_limit else "Market",
        "slLimitPrice": terms.stop_limit,
        "takeProfit": terms.take_profit,
        "tpTriggerBy": terms.profit_trigger_by,
        "tpOrderType": "Limit" if terms.profit_limit else "Market",
        "tpLimitPrice": terms.profit_limit,
    }
    named = {name: request[name] for name in present if parameters.text(request, name)}
    return order_entry.attached_levels(present | named, instrument)

"""Accepting a new order: the venue's checks in the venue's words, then the market."""

import re
from decimal import Decimal
from itertools import islice

from trading_pipeline.domain.model.instruments import Instrument
from trading_pipeline.exchange_simulator import latency, matching, parameters, protection
from trading_pipeline.exchange_simulator.book import levels
from trading_pipeline.exchange_simulator.exchange import Exchange, Market
from trading_pipeline.exchange_simulator.liquidity import market_price, touch_price, worst_price
from trading_pipeline.exchange_simulator.orders import ENTER, MAX_ACTIVE, MAX_CONDITIONAL, ZERO, Levels, Order, Terms
from trading_pipeline.exchange_simulator.parameters import Parameters
from trading_pipeline.exchange_simulator.payloads.private import order_push
from trading_pipeline.exchange_simulator.position_book import LONG, ONE_WAY
from trading_pipeline.exchange_simulator.rejections import Rejection, bad_parameter
from trading_pipeline.exchange_simulator.risk_tiers import limit_at, tier_of

PRICE_BAND = Decimal("0.05")
"""A limit order may cross the last price by at most this share."""
_LINK_ID = re.compile(r"[A-Za-z0-9_-]{0,36}")
TRIGGERS = ("LastPrice", "MarkPrice", "IndexPrice")
_TIMES_IN_FORCE = ("GTC", "IOC", "FOK", "PostOnly")


def create(exchange: Exchange, request: Parameters, *, at_once: bool = False) -> Order:
    """Validate and accept a new order, which then meets the market.

    :param at_once: it is there already, whatever the latency.
    :raises Rejection: with the venue's code; nothing has changed then.
    """
    terms = _read(exchange, request)
    _check_caps(exchange, terms)
    _check_link_id(exchange, terms.link_id)
    check_levels(exchange, terms)
    _check_reduce_only(exchange, terms)
    _check_tier(exchange, terms)
    _check_margin(exchange, terms)
    sequence = exchange.next_sequence()
    last = exchange.markets[terms.symbol].last
    order = Order(exchange.new_id("order", sequence), sequence, terms, exchange.now_ms, last)
    # Kept before it is matched, so that a second order with its client id is refused whatever becomes of it.
    exchange.orders.add(order)
    if at_once or not latency.send(exchange, order.on_the_way, ENTER):
        enter(exchange, order)
    return order


def enter(exchange: Exchange, order: Order) -> None:
    """Let an accepted order meet the market, or wait for its trigger."""
    if order.conditional:
        exchange.push("order", order_push(order))
    else:
        matching.execute(exchange, order)


def _read(exchange: Exchange, request: Parameters) -> Terms:
    """The request as terms, with everything checked that needs no account."""
    parameters.linear(request)
    symbol = parameters.required(request, "symbol")
    instrument = exchange.market(symbol).instrument
    order_type = parameters.one_of(request, "orderType", ("Market", "Limit"))
    index = position_index(exchange, request)
    side = parameters.one_of(request, "side", ("Buy", "Sell"))
    # In hedge mode a side that does not open the position closes it, and nothing more.
    closes = index != ONE_WAY and (side == "Buy") != (index == LONG)
    reduce_only = closes or parameters.flag(request, "reduceOnly")
    price = _limit_price(exchange, request, instrument, order_type)
    trigger, rises = _trigger(exchange, request, instrument)
    quantity = _quantity(exchange, request, instrument, index)
    check_notional(exchange, instrument, quantity, price, reduce_only=reduce_only)
    attached = attached_levels(request, instrument)
    default_tif = "IOC" if order_type == "Market" else "GTC"
    return Terms(
        symbol=symbol,
        side=side,
        order_type=order_type,
        quantity=quantity,
        link_id=parameters.text(request, "orderLinkId"),
        price=price,
        time_in_force="IOC"
        if order_type == "Market"
        else parameters.one_of(request, "timeInForce", _TIMES_IN_FORCE, default_tif),
        reduce_only=reduce_only,
        close_on_trigger=parameters.flag(request, "closeOnTrigger"),
        trigger_price=trigger,
        trigger_rises=rises,
        trigger_by="" if trigger is None else parameters.text(request, "triggerBy", "LastPrice"),
        stop_loss=attached.stop_loss,
        take_profit=attached.take_profit,
        stop_trigger_by=attached.stop_trigger_by,
        profit_trigger_by=attached.profit_trigger_by,
        partial=attached.partial,
        stop_limit=attached.stop_limit,
        profit_limit=attached.profit_limit,
        stop_order_type="" if trigger is None else "Stop",
        position_index=index,
    )


def attached_levels(request: Parameters, instrument: Instrument) -> Levels:
    """Stop loss and take profit that a request names, checked as far as that needs no price.

    :raises Rejection: 10001.
    """
    partial = parameters.one_of(request, "tpslMode", ("Full", "Partial"), "Full") == "Partial"
    return Levels(
        stop_loss=optional_price(request, "stopLoss", instrument),
        take_profit=optional_price(request, "takeProfit", instrument),
        stop_trigger_by=parameters.one_of(request, "slTriggerBy", TRIGGERS, "LastPrice"),
        profit_trigger_by=parameters.one_of(request, "tpTriggerBy", TRIGGERS, "LastPrice"),
        partial=partial,
        stop_limit=_level_limit(request, "sl", instrument, partial=partial),
        profit_limit=_level_limit(request, "tp", instrument, partial=partial),
    )


def _level_limit(request: Parameters, which: str, instrument: Instrument, *, partial: bool) -> Decimal | None:
    """The limit price of a stop loss (``sl``) or take profit (``tp``); ``None`` for one that is a market order.

    :raises Rejection: 10001, a limit order in Full mode or without a price.
    """
    if parameters.one_of(request, f"{which}OrderType", ("Market", "Limit"), "Market") == "Market":
        return None
    if not partial:
        raise bad_parameter(f"params error: {which}OrderType Limit needs tpslMode Partial")
    price = optional_price(request, f"{which}LimitPrice", instrument)
    if price is None:
        raise bad_parameter(f"params error: {which}LimitPrice is required")
    return price


def position_index(exchange: Exchange, request: Parameters) -> int:
    """The position that the request is about; the symbol's mode has it.

    :raises Rejection: 10001, it has not.
    """
    index = parameters.integer(request, "positionIdx", ONE_WAY)
    if index not in exchange.positions.indices(parameters.text(request, "symbol")):
        raise bad_parameter("position idx not match position mode")
    return index


def on_tick(value: Decimal, name: str, instrument: Instrument) -> Decimal:
    """The price, which must be a multiple of the tick.

    :raises Rejection: 10001.
    """
    if value % instrument.price_increment:
        raise bad_parameter(f"params error: {name} invalid {value}, tick size is {instrument.price_increment}")
    return value


def optional_price(request: Parameters, name: str, instrument: Instrument) -> Decimal | None:
    """A price on the tick; ``None`` when absent, empty or 0."""
    value = parameters.number(request, name)
    return on_tick(value, name, instrument) if value else None


def _limit_price(exchange: Exchange, request: Parameters, instrument: Instrument, order_type: str) -> Decimal | None:
    """The price of a limit order, inside the allowed band; of a market order its worst one, ``None`` for any."""
    if order_type == "Market":
        return _tolerated(exchange, request, instrument)
    price = _price_of_the_book(exchange, request, instrument) or optional_price(request, "price", instrument)
    if price is None:
        raise bad_parameter("params error: price is required for limit orders")
    check_band(exchange, instrument.symbol, parameters.text(request, "side"), price)
    return price


def _price_of_the_book(exchange: Exchange, request: Parameters, instrument: Instrument) -> Decimal | None:
    """The price of a level of the book that the order queues at, or would meet; ``None`` where none is named.

    :raises Rejection: 10001, no such side or level.
    """
    queue = parameters.one_of(request, "bboSideType", ("", "Queue", "Counterparty"))
    if not queue:
        return None
    number = int(parameters.one_of(request, "bboLevel", ("1", "2", "3", "4", "5")))
    # Sellers meet the bids, which is where a buyer queues.
    meets_asks = (parameters.text(request, "side") == "Buy") == (queue == "Counterparty")
    market, spread = exchange.markets[instrument.symbol], exchange.terms.half_spread_ticks
    found = islice(levels(market, 1 if meets_asks else -1, exchange.now_ms, spread), number)
    return list(found)[-1][0]


def _tolerated(exchange: Exchange, request: Parameters, instrument: Instrument) -> Decimal | None:
    """The worst price of a market order with a slippage tolerance, which is counted from the best one.

    :raises Rejection: 10001, an unknown kind, a tolerance that is none, or a conditional order.
    """
    kind = parameters.one_of(request, "slippageToleranceType", ("", "TickSize", "Percent"))
    if not kind:
        return None
    tolerance = parameters.number(request, "slippageTolerance")
    if not tolerance or parameters.number(request, "triggerPrice"):
        raise bad_parameter("params error: slippageTolerance must be positive, and is for plain market orders alone")
    sign = 1 if parameters.text(request, "side") == "Buy" else -1
    best = touch_price(exchange, instrument.symbol, sign)
    unit = instrument.price_increment if kind == "TickSize" else best / 100
    return worst_price(exchange, instrument.symbol, sign, tolerance * unit)


def check_band(exchange: Exchange, symbol: str, side: str, price: Decimal) -> None:
    """A limit price may not cross the last price by more than ``PRICE_BAND``, a fraction of it.

    :raises Rejection: 110003.
    """
    last = exchange.markets[symbol].last
    if (side == "Buy" and price > last * (1 + PRICE_BAND)) or (side == "Sell" and price < last * (1 - PRICE_BAND)):
        raise Rejection(110003, f"Order price exceeds the allowable range. last price {last}, order price {price}")


def _trigger(exchange: Exchange, request: Parameters, instrument: Instrument) -> tuple[Decimal | None, bool]:
    """Trigger price and whether it is above the market.

    :raises Rejection: 110092 or 110093, the trigger lies on the wrong side.
    """
    trigger = optional_price(request, "triggerPrice", instrument)
    if trigger is None:
        return None, False
    direction = parameters.integer(request, "triggerDirection", 0)
    watched = parameters.one_of(request, "triggerBy", TRIGGERS, "LastPrice")
    if direction not in (1, 2):
        raise bad_parameter("params error: triggerDirection invalid; 1 rising, 2 falling")
    check_trigger(exchange.markets[instrument.symbol], trigger, watched, rises=direction == 1)
    return trigger, direction == 1


def check_trigger(market: Market, trigger: Decimal, watched: str, *, rises: bool) -> None:
    """The price that a trigger watches has not reached it yet.

    :raises Rejection: 110092 or 110093, the trigger lies on the wrong side.
    """
    here = {"LastPrice": market.last, "MarkPrice": market.mark, "IndexPrice": market.index}[watched]
    if rises and trigger <= here:
        raise Rejection(110092, f"expect Rising, but trigger_price[{trigger}] <= current[{here}]??{watched}")
    if not rises and trigger >= here:
        raise Rejection(110093, f"expect Falling, but trigger_price[{trigger}] >= current[{here}]??{watched}")


def _quantity(exchange: Exchange, request: Parameters, instrument: Instrument, index: int) -> Decimal:
    """The quantity; 0 with reduce-only and close-on-trigger means all that is open."""
    quantity = parameters.number(request, "qty")
    if quantity is None:
        raise bad_parameter("params error: qty is required")
    closes_all = parameters.flag(request, "reduceOnly") and parameters.flag(request, "closeOnTrigger")
    # The venue's way to say "all of it", which a client cannot know to the last fill.
    if not quantity and closes_all:
        sign = 1 if parameters.text(request, "side") == "Buy" else -1
        quantity = exchange.positions.at(instrument.symbol, index).reducible(sign)
    is_market = parameters.text(request, "orderType") == "Market"
    check_quantity(instrument, quantity, instrument.max_market_quantity if is_market else instrument.max_quantity)
    return quantity


def check_quantity(instrument: Instrument, quantity: Decimal, most: Decimal) -> None:
    """Step, smallest and largest size.

    :raises Rejection: 110017 or 10001.
    """
    if instrument.floor_quantity(quantity) == 0:
        raise Rejection(110017, "orderQty will be truncated to zero.")
    if quantity % instrument.quantity_increment:
        raise bad_parameter(f"Qty invalid: {quantity} is no multiple of {instrument.quantity_increment}")
    if quantity < instrument.min_quantity:
        raise bad_parameter("The number of contracts exceeds minimum limit allowed")
    if quantity > most:
        raise bad_parameter("The number of contracts exceeds maximum limit allowed: too large")


def check_notional(
    exchange: Exchange, instrument: Instrument, quantity: Decimal, price: Decimal | None, *, reduce_only: bool
) -> None:
    """Orders that may open something are worth at least the minimum.

    :raises Rejection: 110094.
    """
    value = quantity * (price or exchange.markets[instrument.symbol].last)
    if value < instrument.min_notional and not reduce_only:
        raise Rejection(110094, f"Order does not meet minimum order value {instrument.min_notional}USDT")


def _check_link_id(exchange: Exchange, link_id: str) -> None:
    """Client ids are well-formed and never used twice."""
    if not _LINK_ID.fullmatch(link_id):
        raise bad_parameter(f"params error: orderLinkId invalid {link_id}; at most 36 of A-Z a-z 0-9 - _")
    if exchange.orders.knows_link(link_id):
        raise Rejection(110072, "OrderLinkedID is duplicate")


def _check_caps(exchange: Exchange, terms: Terms) -> None:
    """At most 500 active and 10 conditional orders per symbol."""
    active = exchange.orders.active(terms.symbol)
    if terms.trigger_price is None and sum(not order.conditional for order in active) >= MAX_ACTIVE:
        raise Rejection(110020, f"Not allowed to have more than {MAX_ACTIVE} active orders")
    own = sum(order.conditional and order.terms.create_type == "CreateByUser" for order in active)
    if terms.trigger_price is not None and own >= MAX_CONDITIONAL:
        raise Rejection(110009, f"The number of stop orders exceeds maximum limit allowed: {MAX_CONDITIONAL}")


def check_levels(exchange: Exchange, terms: Terms) -> None:
    """Attached levels lie on their side of where the order would fill, and what only reduces has none.

    :raises Rejection: 10001.
    """
    if terms.reduce_only and (terms.stop_loss is not None or terms.take_profit is not None):
        raise bad_parameter("params error: reduce-only order can not set tp/sl")
    # A limit entry is judged by its own price, which may lie beyond today's stop.
    base = terms.price or terms.trigger_price or exchange.markets[terms.symbol].last
    for kind, level in (("StopLoss", terms.stop_loss), ("TakeProfit", terms.take_profit)):
        if level is not None:
            protection.check_side(kind, level, terms.side, base)


def _check_reduce_only(exchange: Exchange, terms: Terms) -> None:
    """A reduce-only order needs a position to reduce.

    :raises Rejection: 110017.
    """
    # Conditional orders are judged when they trigger: the position may come later.
    if not terms.reduce_only or terms.trigger_price is not None:
        return
    position = exchange.positions.of(terms)
    if position.flat:
        raise Rejection(110017, "current position is zero, cannot fix reduce-only order qty")
    if position.reducible(terms.sign) == ZERO:
        raise Rejection(110017, "Reduce-only rule not satisfied: order is on the same side as the position")


def _check_tier(exchange: Exchange, terms: Terms) -> None:
    """The position would not be larger than its leverage is allowed for.

    :raises Rejection: 110090.
    """
    if terms.reduce_only:
        return
    market, position = exchange.markets[terms.symbol], exchange.positions.of(terms)
    size = abs(position.size + terms.quantity * terms.sign)
    value = size * (terms.price or market.last)
    if size > abs(position.size) and value > limit_at(exchange.agreed_leverage(position), market.tiers):
        most = tier_of(value, market.tiers).max_leverage
        raise Rejection(
            110090,
            "Order placement failed as your position may exceed the max limit. "
            f"Please adjust your leverage to {most} or below to increase the max. position limit",
        )


def _check_margin(exchange: Exchange, terms: Terms) -> None:
    """What the order opens, and its fee, is covered by the available balance.

    :raises Rejection: 110007.
    """
    if terms.reduce_only or terms.trigger_price is not None:
        return
    price = terms.price or market_price(exchange, terms.symbol, terms.sign, terms.quantity)
    margin = exchange.opening_margin(terms, terms.quantity, price)
    if not margin:
        return
    # The fee as a taker's: nobody knows yet whether the order will rest.
    needed = margin + terms.quantity * price * exchange.markets[terms.symbol].instrument.taker_fee
    if needed > exchange.available():
        raise Rejection(110007, "ab not enough for new order")

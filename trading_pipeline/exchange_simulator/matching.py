"""What happens when the price meets an order, and when the account runs out of margin."""

from dataclasses import replace
from decimal import ROUND_UP, Decimal

from trading_pipeline.exchange_simulator import protection
from trading_pipeline.exchange_simulator.exchange import Exchange
from trading_pipeline.exchange_simulator.fills import announce_position, cancel, fill
from trading_pipeline.exchange_simulator.liquidity import limit_price, market_price, offered, touch_price
from trading_pipeline.exchange_simulator.margins import broke, tier
from trading_pipeline.exchange_simulator.orders import Order, Status, Terms
from trading_pipeline.exchange_simulator.payloads.private import order_push
from trading_pipeline.exchange_simulator.positions import Position

_BY_THE_VENUE = {"BustTrade": "CreateByLiq", "AdlTrade": "CreateByAdl_PassThrough"}


def touch(exchange: Exchange, order: Order) -> None:
    """The last price has met the order's level: resting orders fill there, conditional ones wake up.

    After a jump both fill at the open: a stop worse than its level, a limit better. Otherwise a limit
    fills at its own price.
    """
    if not order.conditional:
        if order.terms.price is None:
            raise AssertionError(f"order {order.order_id} rests without a price")
        # After a jump over the level the open is the better price; on a leg the two are the same.
        better = max if order.terms.sign < 0 else min
        last = exchange.markets[order.terms.symbol].last
        # What is left of an order has rested while the price went past: no jump makes it better.
        rested = order.filled or order.idle_until_ms
        fill(exchange, order, order.terms.price if rested else better(order.terms.price, last), maker=True)
        return
    if order.terms.awaits_activation:
        protection.activate(exchange, order)
        return
    order.status = Status.TRIGGERED
    order.updated_ms = exchange.now_ms
    exchange.push("order", order_push(order))
    # Before it fills: whatever closes the position would end the other one as well, under another name.
    other = protection.paired(exchange, order)
    if other is not None:
        cancel(exchange, other, "CancelByTpSlTsClear")
    execute(exchange, order)


def execute(exchange: Exchange, order: Order) -> None:
    """Meet the market with a new or just triggered order."""
    terms = order.terms
    price = touch_price(exchange, terms.symbol, terms.sign)
    if terms.reduce_only and not exchange.positions.of(terms).reducible(terms.sign):
        cancel(exchange, order, "CancelByReduceOnly")
    elif terms.price is None:
        quantity = offered(exchange, order, maker=False)
        fill(exchange, order, market_price(exchange, terms.symbol, terms.sign, quantity), maker=False)
    elif (terms.price - price) * terms.sign >= 0:
        if terms.time_in_force == "PostOnly":
            cancel(exchange, order, "UNKNOWN", "EC_PostOnlyWillTakeLiquidity")
        elif terms.time_in_force == "FOK" and offered(exchange, order, maker=False) < order.leaves:
            cancel(exchange, order, "UNKNOWN", "EC_CancelForNoFullFill")
        else:
            fill(exchange, order, limit_price(exchange, order), maker=False)
    elif terms.time_in_force in ("IOC", "FOK"):
        reason = "EC_NoImmediateQtyToFill" if terms.time_in_force == "IOC" else "EC_CancelForNoFullFill"
        cancel(exchange, order, "UNKNOWN", reason)
    else:
        order.status = Status.NEW
        # A triggered limit order watches its price from now on, not its trigger.
        order.terms = replace(terms, trigger_price=None) if terms.trigger_price is not None else terms
        exchange.push("order", order_push(order))


def liquidate_if_broke(exchange: Exchange) -> None:
    """Close what has fallen below its maintenance margin: one position alone in isolated mode, else all.

    At the last price, as the taker. While one of them lies in a higher risk tier, what makes it the largest goes first,
    a tier at a time: less needs less margin, and that may be enough.
    """
    taken = broke(exchange)
    if not taken:
        return
    symbols = {position.symbol for position in taken}
    # The venue frees margin first; what still rests after that would fill against the liquidation.
    for order in exchange.orders.active():
        if not exchange.account.isolated or order.terms.symbol in symbols:
            cancel(exchange, order, "CancelAllBeforeLiq")
    while (surplus := _surplus(exchange, taken)) is not None:
        position, quantity = surplus
        take_over(exchange, position, quantity, "BustTrade")
        announce_position(exchange, position)
        taken = broke(exchange)
    for position in taken:
        position.stop_loss = position.take_profit = position.trailing_stop = None
        take_over(exchange, position, abs(position.size), "BustTrade")
        announce_position(exchange, position)


def _surplus(exchange: Exchange, taken: list[Position]) -> tuple[Position, Decimal] | None:
    """The position in the highest tier, and how much of it (base currency) lies above the limit of the tier below.

    ``None`` where every one of them is in its lowest tier, or none is left.
    """
    if not taken:
        return None
    position = max(taken, key=lambda one: (tier(exchange, one).number, one.symbol))
    number, market = tier(exchange, position).number, exchange.markets[position.symbol]
    if number == 1:
        return None
    above = position.value(market.mark) - market.tiers[number - 2].limit
    step = market.instrument.quantity_increment
    return position, min(abs(position.size), (above / market.mark / step).to_integral_value(ROUND_UP) * step)


def take_over(exchange: Exchange, position: Position, quantity: Decimal, kind: str) -> None:
    """Close so much of a position (base currency) at the last price by order of the venue.

    :param kind: of the execution, ``BustTrade`` or ``AdlTrade``.
    """
    sequence = exchange.next_sequence()
    last = exchange.markets[position.symbol].last
    terms = Terms(
        symbol=position.symbol,
        side="Sell" if position.size > 0 else "Buy",
        order_type="Market",
        quantity=quantity,
        time_in_force="IOC",
        reduce_only=True,
        position_index=position.index,
        create_type=_BY_THE_VENUE[kind],
    )
    order = Order(exchange.new_id("order", sequence), sequence, terms, exchange.now_ms, last)
    exchange.orders.add(order)
    fill(exchange, order, last, maker=False, kind=kind)

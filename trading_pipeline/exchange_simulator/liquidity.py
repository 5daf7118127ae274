"""What the market gives an order: all of it under the ideal profile, a share of what traded under the realistic one.

A taker walks the book that is shown and gets at most a share of the bar's volume, an exit at most all of it. What
rests stands behind the others at its price: it fills by a share of the volume that trades beyond it, part by part.
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import numpy as np

from trading_pipeline.exchange_simulator.book import best_prices, levels
from trading_pipeline.exchange_simulator.exchange import Exchange
from trading_pipeline.exchange_simulator.execution_profile import ExecutionProfile
from trading_pipeline.exchange_simulator.orders import ZERO, Order
from trading_pipeline.exchange_simulator.price_walk import Leg

PARTICIPATION = Decimal("0.1")
"""The share of a bar's volume that one account may have."""
_LEGS = 3
_BPS = Decimal(10_000)


def touch_price(exchange: Exchange, symbol: str, sign: int) -> Decimal:
    """The best price on the other side, quote currency; at least one tick."""
    market, terms = exchange.markets[symbol], exchange.terms
    if _is_realistic(exchange):
        return best_prices(market, terms.half_spread_ticks)[sign > 0]
    offset = market.instrument.price_increment * terms.half_spread_ticks * sign
    return max(market.last + offset, market.instrument.price_increment)


def market_price(exchange: Exchange, symbol: str, sign: int, quantity: Decimal) -> Decimal:
    """What a market order or a stop gets on average: the book it walks, worse by the slippage, away from the trader."""
    tick = exchange.markets[symbol].instrument.price_increment
    met = _walked(exchange, symbol, sign, quantity) if _is_realistic(exchange) else touch_price(exchange, symbol, sign)
    slipped = met * (1 + sign * exchange.terms.slippage_bps / _BPS)
    ticks = (slipped / tick).to_integral_value(ROUND_CEILING if sign > 0 else ROUND_FLOOR)
    return max(ticks * tick, tick)


def worst_price(exchange: Exchange, symbol: str, sign: int, away: Decimal) -> Decimal:
    """The last tick (quote currency) that lies at most so much beyond the best price, and at least one."""
    tick = exchange.markets[symbol].instrument.price_increment
    ticks = (touch_price(exchange, symbol, sign) + sign * away) / tick
    return max(tick, ticks.to_integral_value(ROUND_FLOOR if sign > 0 else ROUND_CEILING) * tick)


def limit_price(exchange: Exchange, order: Order) -> Decimal:
    """What an order with a limit that crosses the book gets on average, quote currency: never worse than that."""
    terms, best = order.terms, touch_price(exchange, order.terms.symbol, order.terms.sign)
    if terms.price is None:
        return best
    if terms.order_type == "Market":
        price = market_price(exchange, terms.symbol, terms.sign, offered(exchange, order, maker=False))
    elif not _is_realistic(exchange):
        return best
    else:
        tick = exchange.markets[terms.symbol].instrument.price_increment
        walked = _walked(exchange, terms.symbol, terms.sign, offered(exchange, order, maker=False)) / tick
        price = walked.to_integral_value(ROUND_CEILING if terms.sign > 0 else ROUND_FLOOR) * tick
    return min(price, terms.price) if terms.sign > 0 else max(price, terms.price)


def offered(exchange: Exchange, order: Order, *, maker: bool) -> Decimal:
    """How much of what is left of the order (base currency) the market gives at this moment."""
    if not _is_realistic(exchange):
        return order.leaves
    terms, market = order.terms, exchange.markets[order.terms.symbol]
    volume, since_ms = _traded(exchange, terms.symbol)
    most = volume if terms.reduce_only and not maker else volume * PARTICIPATION
    given = most - _taken(exchange, terms.symbol, since_ms)
    if maker:
        given = min(given, volume * PARTICIPATION / _LEGS * _beyond(exchange, order))
    elif terms.price is not None:
        given = min(given, _depth(exchange, order, terms.price))
    return min(order.leaves, max(ZERO, market.instrument.floor_quantity(given)))


def pause(exchange: Exchange, order: Order) -> None:
    """Let what is left of an order rest until the price goes another way."""
    if _is_realistic(exchange):
        leg = _leg(exchange, order.terms.symbol)
        order.idle_until_ms = max(order.idle_until_ms, exchange.now_ms + 1 if leg is None else leg.end_ms)


def _is_realistic(exchange: Exchange) -> bool:
    return exchange.terms.profile is ExecutionProfile.REALISTIC


def _walked(exchange: Exchange, symbol: str, sign: int, quantity: Decimal) -> Decimal:
    """The mean price of the levels that the quantity takes; the last level takes what is beyond them all."""
    left, value, price = quantity, ZERO, touch_price(exchange, symbol, sign)
    for price, size in levels(exchange.markets[symbol], sign, exchange.now_ms, exchange.terms.half_spread_ticks):
        taken = min(left, size)
        value += taken * price
        left -= taken
        if not left:
            break
    return (value + left * price) / quantity if quantity else price


def _depth(exchange: Exchange, order: Order, limit: Decimal) -> Decimal:
    """What rests between the best price and the limit, or enough of it, base currency."""
    market, sign, found = exchange.markets[order.terms.symbol], order.terms.sign, ZERO
    for price, size in levels(market, sign, exchange.now_ms, exchange.terms.half_spread_ticks):
        if price * sign > limit * sign or found >= order.leaves:
            break
        found += size
    return found


def _traded(exchange: Exchange, symbol: str) -> tuple[Decimal, int]:
    """Volume (base currency) and open time (UTC ms) of the bar that the moment belongs to; nothing in a hole."""
    series, moment = exchange.markets[symbol].walk.series, exchange.moment
    index = int(np.searchsorted(series.open_ms, moment.now_ms + moment.opened)) - 1
    if index < 0 or moment.now_ms > int(series.open_ms[index]) + series.step_ms:
        return ZERO, moment.now_ms
    return Decimal(int(series.volume[index])).scaleb(-series.volume_decimals), int(series.open_ms[index])


def _taken(exchange: Exchange, symbol: str, since_ms: int) -> Decimal:
    """What the account has traded since an instant, UTC ms; both ends of a bar count to it."""
    found = ZERO
    for execution in reversed(exchange.executions):
        if execution.at_ms < since_ms:
            break
        if execution.kind == "Trade" and execution.order.terms.symbol == symbol:
            found += execution.quantity
    return found


def _leg(exchange: Exchange, symbol: str) -> Leg | None:
    """The leg that the price goes on; none at a close, before anybody knows where the next bar opens."""
    walk, moment = exchange.markets[symbol].walk, exchange.moment
    if walk.opens_at(moment.now_ms) and not moment.opened:
        return None
    return walk.leg_from(moment.now_ms, moment.now_ms + walk.series.step_ms // _LEGS)


def _beyond(exchange: Exchange, order: Order) -> Decimal:
    """The fraction of a leg, 0 to 1, that is still to come and lies beyond the level of a resting order.

    A price that only touches the level fills nothing: the others were there first.
    """
    leg = _leg(exchange, order.terms.symbol)
    if leg is None:
        return ZERO
    level, sign = order.watched_level, order.terms.sign
    ahead = 1 - leg.done_at(Decimal(exchange.now_ms))
    start, goal = ((level - price) * sign for price in (leg.price_at(Decimal(exchange.now_ms)), leg.goal))
    if start <= 0 and goal <= 0:
        return ZERO
    # Both beyond, or the part of the way on which the price is.
    return ahead if min(start, goal) >= 0 else ahead * max(start, goal) / abs(start - goal)

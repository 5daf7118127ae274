"""Letting time pass: prices walk along the bars, and whatever they touch happens in order of time."""

from decimal import Decimal

from trading_pipeline.exchange_simulator import funding, matching
from trading_pipeline.exchange_simulator.exchange import Exchange
from trading_pipeline.exchange_simulator.orders import Order

Leg = tuple[Decimal, Decimal]


def advance(exchange: Exchange, until_ms: int) -> list[tuple[int, dict[str, Decimal]]]:
    """Walk all prices to ``until_ms`` with every fill, funding and liquidation on the way.

    :returns: the corners passed, as instants with the last price of every symbol.
    """
    passed = []
    while exchange.now_ms < until_ms:
        # The jump belongs to the time after a close: orders sent while the clock stood there met the close.
        _open_bars(exchange)
        _travel(exchange, _next_stop(exchange, until_ms))
        if funding.due(exchange.now_ms):
            funding.settle(exchange)
        matching.liquidate_if_broke(exchange)
        passed.append((exchange.now_ms, {symbol: market.last for symbol, market in exchange.markets.items()}))
    return passed


def _next_stop(exchange: Exchange, until_ms: int) -> int:
    """The nearest corner of any path, funding instant, or the goal."""
    stops = [until_ms, funding.next_after(exchange.now_ms)]
    for market in exchange.markets.values():
        boundary = market.walk.boundary_after(exchange.now_ms)
        if boundary is not None:
            stops.append(boundary)
    return min(stops)


def _open_bars(exchange: Exchange) -> None:
    """Prices jump to the open of bars that begin now; what lies in the jump fills at the open."""
    for symbol, market in exchange.markets.items():
        opening = market.walk.jump_at(exchange.now_ms)
        if opening is None or opening == market.last:
            continue
        before, market.last = market.last, opening
        for order in _between(exchange, symbol, (before, opening)):
            if order.active:
                matching.touch(exchange, order)
    matching.liquidate_if_broke(exchange)


def _between(exchange: Exchange, symbol: str, leg: Leg) -> list[Order]:
    """Active orders whose level lies on the way, in the order in which it is met."""
    touched = [order for order in exchange.orders.active(symbol) if _share(order, leg, Decimal(0)) is not None]
    return sorted(touched, key=lambda order: (_share(order, leg, Decimal(0)) or 0, order.sequence))


def _share(order: Order, leg: Leg, done: Decimal) -> Decimal | None:
    """The part of the leg, 0 to 1, after which the order's level is met; ``None`` if it is not.

    :param done: part of the leg already walked. A level behind it is met at once.
    """
    start, goal = leg
    level = order.watched_level
    here = start + (goal - start) * done
    beyond = here >= level if order.watches_rise else here <= level
    if beyond:
        return done
    reached = goal >= level if order.watches_rise else goal <= level
    return (level - start) / (goal - start) if reached else None


def _travel(exchange: Exchange, end_ms: int) -> None:
    """One leg of all symbols at once: meet levels in order of time, then stand at the end of the leg."""
    begin_ms = exchange.now_ms
    legs = {symbol: (m.last, m.walk.price_at(end_ms)) for symbol, m in exchange.markets.items()}
    done = Decimal(0)
    while (meeting := _next_meeting(exchange, legs, done)) is not None:
        done, order = meeting
        exchange.now_ms = begin_ms + int((end_ms - begin_ms) * done)
        # All symbols move on together, so that margin and unrealised profit are those of this moment.
        _stand(exchange, legs, done)
        market = exchange.markets[order.terms.symbol]
        start, goal = legs[order.terms.symbol]
        # Rounding to the tick may stop beside the level; the fill has to be exactly on it.
        if min(start, goal) <= order.watched_level <= max(start, goal) and not _behind(order, market.last):
            market.last = order.watched_level
        matching.touch(exchange, order)
    exchange.now_ms = end_ms
    _stand(exchange, legs, Decimal(1))


def _behind(order: Order, price: Decimal) -> bool:
    """Whether the price is already past the order's level."""
    return price > order.watched_level if order.watches_rise else price < order.watched_level


def _next_meeting(exchange: Exchange, legs: dict[str, Leg], done: Decimal) -> tuple[Decimal, Order] | None:
    """The order that is met first from here on."""
    best: tuple[Decimal, int, Order] | None = None
    for order in exchange.orders.active():
        share = _share(order, legs[order.terms.symbol], done)
        if share is not None and (best is None or (share, order.sequence) < best[:2]):
            best = (share, order.sequence, order)
    return None if best is None else (best[0], best[2])


def _stand(exchange: Exchange, legs: dict[str, Leg], done: Decimal) -> None:
    """Put every price where it is after that part of its leg, rounded to the tick."""
    for symbol, (start, goal) in legs.items():
        market = exchange.markets[symbol]
        market.last = goal if done == 1 else market.instrument.round_price(start + (goal - start) * done)

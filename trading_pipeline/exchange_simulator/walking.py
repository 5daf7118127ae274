"""Letting time pass: prices walk along the bars, and whatever they touch happens in order of time."""

from collections.abc import Callable, Iterator
from decimal import Decimal

from trading_pipeline.exchange_simulator import funding, matching
from trading_pipeline.exchange_simulator.exchange import Exchange
from trading_pipeline.exchange_simulator.orders import Order

Leg = tuple[Decimal, Decimal]
Passed = list[tuple[int, dict[str, Decimal]]]


def advance(exchange: Exchange, until_ms: int) -> Passed:
    """Walk all prices to ``until_ms`` with every fill, funding and liquidation on the way.

    :returns: the corners passed, as instants with the last price of every symbol.
    """
    passed: Passed = []
    for _ in account_events(exchange, until_ms, passed):
        pass
    return passed


def account_events(exchange: Exchange, until_ms: int, passed: Passed) -> Iterator[int]:
    """Walk to ``until_ms``, standing still wherever the account traded, for as long as the caller likes.

    Time, prices and orders are exactly those of the moment; what is ordered meanwhile counts from there
    on, and the rest of the way is the same however often the walk stood. Funding needs no answer.

    :param passed: the corners passed are added to it.
    :returns: the instant of each account event, UTC milliseconds.
    """
    while exchange.now_ms < until_ms:
        # The jump belongs to the time after a close: orders sent while the clock stood there met the close.
        yield from _open_bars(exchange)
        yield from _travel(exchange, _next_stop(exchange, until_ms))
        # At the end of the leg, on what is still held after everything the leg has met.
        funding.settle_due(exchange)
        yield from _traded(exchange, matching.liquidate_if_broke)
        passed.append((exchange.now_ms, {symbol: market.last for symbol, market in exchange.markets.items()}))


def _next_stop(exchange: Exchange, until_ms: int) -> int:
    """The nearest corner of any path, funding instant, or the goal."""
    stops = [until_ms, *(schedule.next_after(exchange.now_ms) for schedule in exchange.funding.values())]
    for market in exchange.markets.values():
        boundary = market.walk.boundary_after(exchange.now_ms)
        if boundary is not None:
            stops.append(boundary)
    return min(stops)


def _open_bars(exchange: Exchange) -> Iterator[int]:
    """Prices jump to the open of bars that begin now; what lies in the jump fills at the open.

    Funding that fell due while bars were missing comes first. Everything that leaves at an open leaves
    before anything enters at it, over all symbols.
    """
    jumps: dict[str, Leg] = {}
    for symbol, market in exchange.markets.items():
        opening = market.walk.jump_at(exchange.now_ms)
        if opening is None:
            continue
        before, market.last = market.last, opening
        funding.settle_missed(exchange, symbol)
        if opening != before:
            jumps[symbol] = (before, opening)

    def met(order: Order) -> Decimal | None:
        leg = jumps.get(order.terms.symbol)
        return None if leg is None else _share(order, leg, Decimal(0))

    passed = [
        (*_turn(order), share, order.sequence, order)
        for order in exchange.orders.active()
        if (share := met(order)) is not None
    ]
    # By turn, then by how much of the jump is needed to reach the level.
    for *_, order in sorted(passed, key=lambda one: one[:-1]):
        # An event before it may have cancelled or moved it.
        if order.active and met(order) is not None:
            yield from _touched(exchange, order)
    yield from _traded(exchange, matching.liquidate_if_broke)


def _traded(exchange: Exchange, work: Callable[[Exchange], None]) -> Iterator[int]:
    """Do the work; yields the present instant if the account traded by it."""
    before = len(exchange.executions)
    work(exchange)
    if len(exchange.executions) > before:
        yield exchange.now_ms


def _touched(exchange: Exchange, order: Order) -> Iterator[int]:
    """Let the price meet the order."""
    return _traded(exchange, lambda venue: matching.touch(venue, order))


def _turn(order: Order) -> tuple[int, str]:
    """What of several orders at one price and instant comes first: stops, targets and exits, entries; by symbol."""
    is_stop = order.conditional and order.terms.stop_order_type != "TakeProfit"
    return (2 if not order.terms.reduce_only else 0 if is_stop else 1), order.terms.symbol


def _share(order: Order, leg: Leg, done: Decimal) -> Decimal | None:
    """The fraction of the leg, 0 to 1, after which the order's level is met; ``None`` if it is not.

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


def _travel(exchange: Exchange, end_ms: int) -> Iterator[int]:
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
        yield from _touched(exchange, order)
    exchange.now_ms = end_ms
    _stand(exchange, legs, Decimal(1))


def _behind(order: Order, price: Decimal) -> bool:
    """Whether the price is already past the order's level."""
    return price > order.watched_level if order.watches_rise else price < order.watched_level


def _next_meeting(exchange: Exchange, legs: dict[str, Leg], done: Decimal) -> tuple[Decimal, Order] | None:
    """The order that is met first from here on."""
    shares = ((_share(order, legs[order.terms.symbol], done), order) for order in exchange.orders.active())
    met = [(share, order) for share, order in shares if share is not None]
    return min(met, key=lambda one: (one[0], *_turn(one[1]), one[1].sequence), default=None)


def _stand(exchange: Exchange, legs: dict[str, Leg], done: Decimal) -> None:
    """Put every price where it is after that fraction of its leg, rounded to the tick."""
    for symbol, (start, goal) in legs.items():
        market = exchange.markets[symbol]
        market.last = goal if done == 1 else market.instrument.round_price(start + (goal - start) * done)

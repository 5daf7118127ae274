"""Letting time pass: prices walk along the bars, and whatever they touch happens in order of time.

Every account is met on the same walk: whose order is reached first is filled first, and at one instant the account
that was opened first comes first.

Only symbols with orders or positions are looked at; where another price stands is worked out when somebody asks.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal

from trading_pipeline.exchange_simulator import arrivals, funding, matching, protection
from trading_pipeline.exchange_simulator.calm import calm_until
from trading_pipeline.exchange_simulator.exchange import Exchange
from trading_pipeline.exchange_simulator.orders import ZERO, Order
from trading_pipeline.exchange_simulator.price_walk import Leg

Jump = tuple[Decimal, Decimal]
Meeting = tuple[Decimal, int, str, Decimal, int, int, Order | None]
"""Instant, turn, nearness of levels behind, number of the account, sequence and order: in this order they are met."""
_FIRST = (-1, "")
"""The turn of what is no order."""


def advance(exchange: Exchange, until_ms: int) -> None:
    """Walk all prices to ``until_ms`` (UTC) with every fill, funding and liquidation on the way."""
    for _ in account_events(exchange, until_ms):
        pass


def account_events(exchange: Exchange, until_ms: int) -> Iterator[int]:
    """Walk to ``until_ms``, standing still wherever an account traded, for as long as the caller likes.

    Time, prices and orders are exactly those of the moment; what is ordered meanwhile counts from there
    on, and the rest of the way is the same however often the walk stood. Funding needs no answer.

    :returns: the instant of each account event, UTC milliseconds.
    """
    while exchange.now_ms < until_ms:
        calm_ms = calm_until(exchange, min(until_ms, exchange.next_funding_ms()))
        if calm_ms > exchange.now_ms:
            exchange.moment.move(calm_ms)
        else:
            yield from _walk_on(exchange, until_ms)
        # At the end of the leg, on what is still held after everything the leg has met.
        due = exchange.funding_is_due
        for account in exchange.accounts:
            if due:
                funding.settle_due(account)
            yield from _traded(account, matching.liquidate_if_broke)


def _walk_on(exchange: Exchange, until_ms: int) -> Iterator[int]:
    """To the next corner of any path."""
    # The jump belongs to the time after a close: orders sent while the clock stood there met the close.
    if exchange.bars_may_open:
        yield from _open_bars(exchange)
    yield from _travel(exchange, min(until_ms, exchange.next_stop_ms()))


def _open_bars(exchange: Exchange) -> Iterator[int]:
    """Prices jump to the open of bars that begin now; what lies in the jump fills at the open.

    Funding that fell due while bars were missing comes first. Everything that leaves at an open leaves
    before anything enters at it, over all symbols.
    """
    # An exchange that was kept and taken up again in the middle of an open has that behind it.
    if exchange.moment.opened:
        return
    watched = {symbol for account in exchange.accounts for symbol in account.orders.active_symbols()}
    before = {symbol: exchange.markets[symbol].last for symbol in watched}
    exchange.moment.opened = True
    for account in exchange.accounts:
        for position in account.open_positions():
            if exchange.markets[position.symbol].walk.opens_at(exchange.now_ms):
                funding.settle_missed(account, position)
    # The price away from the boundary differs from the one that arrived where a bar has opened elsewhere.
    jumps = {
        symbol: (arrived, opening)
        for symbol, arrived in before.items()
        if (opening := exchange.markets[symbol].last) != arrived
    }

    def met(order: Order) -> Decimal | None:
        if order.unseen:
            return None
        jump = jumps.get(order.terms.symbol)
        level = _level(exchange, order, exchange.now_ms)
        return None if jump is None else _share(order, level, jump, Decimal(0))

    passed = [
        (*_turn(order), share, number, order.sequence, account, order)
        for number, account in enumerate(exchange.accounts)
        for order in account.orders.active()
        if order.idle_until_ms <= exchange.now_ms and (share := met(order)) is not None
    ]
    # By turn, then by how much of the jump is needed to reach the level.
    for *_, account, order in sorted(passed, key=lambda one: one[:-2]):
        # An event before it may have cancelled or moved it.
        if order.active and met(order) is not None:
            yield from _touched(account, order)
    _trail_all(exchange)
    for account in exchange.accounts:
        yield from _traded(account, matching.liquidate_if_broke)


def _traded(exchange: Exchange, work: Callable[[Exchange], None]) -> Iterator[int]:
    """Do the work; yields the present instant if the account traded by it."""
    before = len(exchange.executions)
    work(exchange)
    if len(exchange.executions) > before:
        yield exchange.now_ms


def _touched(exchange: Exchange, order: Order) -> Iterator[int]:
    """Let the price meet the order."""
    return _traded(exchange, lambda venue: matching.touch(venue, order))


def _arrived(exchange: Exchange, order: Order | None) -> Iterator[int]:
    """Let the order's next step reach the market, or without one the account's next change of positions."""
    if order is None:
        return _traded(exchange, arrivals.arrive_at_position)
    return _traded(exchange, lambda venue: arrivals.arrive(venue, order))


def _turn(order: Order) -> tuple[int, str]:
    """What of several orders at one price and instant comes first: stops, targets and exits, entries; by symbol."""
    is_stop = order.conditional and not order.terms.stop_order_type.endswith("TakeProfit")
    return (2 if not order.terms.reduce_only else 0 if is_stop else 1), order.terms.symbol


def _level(exchange: Exchange, order: Order, begin_ms: int) -> Decimal:
    """The last price (quote currency) at which something happens to the order, on the way from a corner (UTC ms)."""
    level, trigger_by = order.watched_level, order.terms.trigger_by
    # Most watch the last price itself.
    if not order.conditional or trigger_by in ("", "LastPrice"):
        return level
    return exchange.markets[order.terms.symbol].last_at(level, trigger_by, begin_ms)


def _is_near(order: Order, level: Decimal, leg: Leg) -> bool:
    """Whether the order's level is met anywhere on the leg; most are not."""
    if order.watches_rise:
        return leg.start >= level or leg.goal >= level
    return leg.start <= level or leg.goal <= level


def _share(order: Order, level: Decimal, jump: Jump, done: Decimal) -> Decimal | None:
    """The fraction of the way, 0 to 1, after which the order's level is met; ``None`` if it is not.

    :param done: part of the way already walked. A level behind it is met at once.
    """
    start, goal = jump
    rises = order.watches_rise
    here = start + (goal - start) * done
    beyond = here >= level if rises else here <= level
    if beyond:
        return done
    reached = goal >= level if rises else goal <= level
    return (level - start) / (goal - start) if reached else None


def _travel(exchange: Exchange, end_ms: int) -> Iterator[int]:
    """Go to the next corner of any path, or less far: meet levels in order of time."""
    begin_ms = exchange.now_ms
    legs: dict[str, Leg] = {}
    at = Decimal(begin_ms)
    while (meeting := _next_meeting(exchange, legs, (begin_ms, end_ms), at)) is not None:
        at, account, order = meeting
        exchange.moment.move(int(at))
        # What is watched moves on together, so that prices are those of this very moment.
        for symbol, leg in legs.items():
            market = exchange.markets[symbol]
            market.last = market.instrument.round_price(leg.price_at(at))
        if order is None or (order.on_the_way and order.on_the_way[0][0] <= at):
            _trail_all(exchange)
            yield from _arrived(account, order)
            continue
        market, leg = exchange.markets[order.terms.symbol], legs[order.terms.symbol]
        # Rounding to the tick may stop beside the level; the fill has to be exactly on it.
        level = _level(exchange, order, leg.begin_ms)
        if (
            level == order.watched_level
            and min(leg.start, leg.goal) <= level <= max(leg.start, leg.goal)
            and not _behind(order, market.last)
        ):
            market.last = level
        # Up to here the price has gone one way; who changed its goal by now follows from here.
        _trail_all(exchange)
        yield from _touched(account, order)
    exchange.moment.move(end_ms)
    _trail_all(exchange)


def _trail_all(exchange: Exchange) -> None:
    """Let the trailing stops of every account follow."""
    for account in exchange.accounts:
        protection.trail_all(account)


def _behind(order: Order, price: Decimal) -> bool:
    """Whether the price is already past the order's level."""
    return price > order.watched_level if order.watches_rise else price < order.watched_level


def _next_meeting(
    exchange: Exchange, legs: dict[str, Leg], way: tuple[int, int], at: Decimal
) -> tuple[Decimal, Exchange, Order | None] | None:
    """The order that is met first from ``at`` on, whose it is, and the exact instant (UTC ms).

    No order where a change of the account's positions arrives before any is met.

    :param legs: of the symbols looked at so far; others are added as they get orders.
    :param way: where it began and where it ends, UTC ms.
    """
    met: list[Meeting] = [
        (max(at, Decimal(one.account.on_the_way[0][0])), *_FIRST, ZERO, number, 0, None)
        for number, one in enumerate(exchange.accounts)
        if one.account.on_the_way and one.account.on_the_way[0][0] <= way[1]
    ]
    orders = ((number, order) for number, one in enumerate(exchange.accounts) for order in one.orders.active())
    for number, order in orders:
        symbol = order.terms.symbol
        if symbol not in legs:
            legs[symbol] = exchange.markets[symbol].walk.leg_from(*way)
        leg = legs[symbol]
        if order.on_the_way and order.on_the_way[0][0] <= way[1]:
            met.append((max(at, Decimal(order.on_the_way[0][0])), *_turn(order), ZERO, number, order.sequence, order))
        if order.unseen:
            continue
        level = _level(exchange, order, leg.begin_ms)
        if not _is_near(order, level, leg):
            continue
        since = max(at, Decimal(order.idle_until_ms))
        if since > way[1]:
            continue
        share = _share(order, level, (leg.start, leg.goal), leg.done_at(since))
        if share is None:
            continue
        instant = max(since, leg.begin_ms + share * (leg.end_ms - leg.begin_ms))
        if instant <= way[1]:
            # Of several levels that lie behind already, the price came by the farthest first.
            behind = abs(leg.price_at(at) - level) if instant == at else Decimal(0)
            met.append((instant, *_turn(order), -behind, number, order.sequence, order))
    if not met:
        return None
    first = min(met, key=lambda one: one[:-1])
    return first[0], exchange.accounts[first[-3]], first[-1]

"""How far time may go in one step, because no price on the way comes near anything.

Walking from corner to corner is exact and dear; most bars meet no order and endanger no position. What is said here is
on the safe side: where it cannot be told at a glance, the walk is walked.
"""

import math
from collections.abc import Iterable
from decimal import Decimal

import numpy as np

from trading_pipeline.exchange_simulator.exchange import Exchange, Market
from trading_pipeline.exchange_simulator.margins import broke
from trading_pipeline.exchange_simulator.orders import Order
from trading_pipeline.exchange_simulator.positions import Position

MOST_BASIS = Decimal("0.05")
"""Farther than this share of the last price the mark price is not expected to part from it."""


def calm_until(exchange: Exchange, until_ms: int) -> int:
    """The last instant (UTC ms), at most ``until_ms``, up to which nothing is met, followed or liquidated.

    Now, where that is not known.
    """
    orders = [order for account in exchange.accounts for order in account.orders.active()]
    held = [position for account in exchange.accounts for position in account.open_positions()]
    arriving = any(account.account.on_the_way for account in exchange.accounts)
    if arriving or any(_needs_the_walk(exchange.markets[order.terms.symbol], order) for order in orders):
        return exchange.now_ms
    ranges = {}
    for symbol in {order.terms.symbol for order in orders} | {position.symbol for position in held}:
        met = [order for order in orders if order.terms.symbol == symbol]
        span = _Span.ahead(exchange.markets[symbol], exchange.now_ms, until_ms)
        if span is None:
            return exchange.now_ms
        until_ms = min(until_ms, span.first_met_ms(met, until_ms))
        if until_ms <= exchange.now_ms:
            return exchange.now_ms
        ranges[symbol] = span

    def worst(position: Position) -> Decimal:
        return ranges[position.symbol].worst_mark(position)

    return exchange.now_ms if any(broke(one, worst) for one in exchange.accounts) else until_ms


def _needs_the_walk(market: Market, order: Order) -> bool:
    """Whether more than the last price passing its level may happen to the order."""
    terms = order.terms
    watches_another = order.conditional and terms.trigger_by not in ("", "LastPrice") and bool(market.basis)
    return bool(order.on_the_way) or terms.trailing_by is not None or watches_another


class _Span:
    """The bars of one market from now on."""

    def __init__(self, market: Market, first: int, last: int) -> None:
        bars, whole = market.walk.series.part(first, last), slice(None)
        self._market = market
        self._open_ms, self._high, self._low = bars.open_ms, bars.high[whole], bars.low[whole]

    @classmethod
    def ahead(cls, market: Market, now_ms: int, until_ms: int) -> "_Span | None":
        """The bars that hold the time until then; ``None`` where one of them is missing."""
        series = market.walk.series
        first = int(np.searchsorted(series.open_ms, now_ms, side="right")) - 1
        last = int(np.searchsorted(series.open_ms, until_ms))
        if first < 0 or last <= first:
            return None
        # The bar before as well: at an open behind a hole more happens than a jump.
        before = max(0, first - 1)
        begin, end = int(series.open_ms[before]), int(series.open_ms[last - 1]) + series.step_ms
        whole = end - begin == (last - before) * series.step_ms and end >= until_ms
        return cls(market, first, last) if whole else None

    def first_met_ms(self, orders: Iterable[Order], until_ms: int) -> int:
        """When (UTC ms) the first bar opens that reaches the level of an order; ``until_ms`` where none does."""
        highest, lowest = int(self._high.max()), int(self._low.min())
        for order in orders:
            level = order.watched_level.scaleb(self._market.walk.series.price_decimals)
            if order.watches_rise and highest >= level:
                reached = self._high >= math.ceil(level)
            elif not order.watches_rise and lowest <= level:
                reached = self._low <= math.floor(level)
            else:
                continue
            until_ms = min(until_ms, int(self._open_ms[int(reached.argmax())]))
        return until_ms

    def worst_mark(self, position: Position) -> Decimal:
        """Worse than any mark price (quote currency) that the position may meet."""
        basis = MOST_BASIS if self._market.basis else Decimal(0)
        price = self._market.walk.series.price
        if position.size > 0:
            return price(int(self._low.min())) * (1 - basis)
        return price(int(self._high.max())) * (1 + basis)

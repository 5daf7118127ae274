"""The order that continues an entry which ended before all of it was filled."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from trading_pipeline.domain.model.entry_orders import EntryOrder
from trading_pipeline.domain.model.instruments import Instrument
from trading_pipeline.domain.model.orders import IntentRecord, OrderIntent, OrderType, Purpose, Side, order_link_id

_BPS = Decimal(10_000)
FOLLOW_UP = "-pf"
"""Ends the link id of the one order that follows a market order which filled in part."""


def next_attempt(
    rule: EntryOrder, attempts: Sequence[IntentRecord], first_price: Decimal, instrument: Instrument
) -> OrderIntent | None:
    """What is sent for the rest of an entry whose newest order has ended short; ``None`` where it stays at that.

    A limit order is followed by one at a price that gives way a little more each time, then by a market order, a
    market order that filled in part by exactly one more. What all of them fill is never more than was decided.

    :param attempts: the entry's orders so far, oldest first; the first has the whole quantity.
    :param first_price: that of the first limit order, quote currency, not yet on the tick.
    """
    newest = attempts[-1]
    if not newest.to_be_continued:
        return None
    number = newest.intent.attempt + 1
    limit = newest.intent.order_type is OrderType.LIMIT and number <= rule.max_retries
    price = _repriced(rule, newest.intent.side, first_price, number, instrument) if limit else None
    filled = sum((one.filled_quantity for one in attempts), Decimal(0))
    rest = instrument.floor_quantity(attempts[0].intent.quantity - filled)
    if rest < instrument.min_quantity or rest * (price or first_price) < instrument.min_notional:
        return None
    follows_market = newest.intent.order_type is OrderType.MARKET
    return replace(
        newest.intent,
        # The parent's own name in it: a second follow-up of one order has no name that it could be stored under.
        order_link_id=(
            newest.intent.order_link_id + FOLLOW_UP
            if follows_market
            else order_link_id(newest.intent.plan_id, Purpose.ENTRY, number)
        ),
        order_type=OrderType.LIMIT if limit else OrderType.MARKET,
        quantity=rest,
        price=price,
        attempt=number,
        continues=not follows_market and (not limit or rule.continues(number)),
    )


def _repriced(rule: EntryOrder, side: Side, first_price: Decimal, number: int, instrument: Instrument) -> Decimal:
    """The first price, worse for us by ``reprice_bps`` for each order before this one, in whole ticks."""
    factor = 1 + rule.reprice_bps / _BPS * number
    return instrument.round_price(first_price * factor if side is Side.BUY else first_price / factor)

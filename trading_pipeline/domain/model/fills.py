"""A fill: one execution as the venue books it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.orders import Side


class FillKind(StrEnum):
    """What caused a fill."""

    TRADE = "trade"
    STOP_LOSS = "stop_loss"
    TAKE_PROFIT = "take_profit"
    FUNDING = "funding"
    VENUE = "venue"


class Booking(StrEnum):
    """What a fill was to the ledger.

    ``KNOWN``: booked before, under the same execution id. ``OURS``: of an order of ours, of a stop that protects a
    position, or funding. ``EXTERNAL``: nobody here ordered it.
    """

    KNOWN = "known"
    OURS = "ours"
    EXTERNAL = "external"


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution.

    :param execution_id: the venue's id; a fill is booked once per id however often it is heard of.
    :param order_link_id: empty when the venue made the order (stop loss, liquidation, funding).
    :param quantity: base currency, positive.
    :param fee: positive when paid.
    :param fee_currency: what the fee was paid in.
    :param kind: ``FUNDING`` fills carry no quantity change, only a fee; ``VENUE`` covers
        liquidation, auto-deleveraging and every kind not known yet.
    :param sequence: the venue's count, which orders what it executed at one instant.
    """

    execution_id: str
    order_link_id: str
    venue_order_id: str
    instrument_id: InstrumentId
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_currency: str
    is_maker: bool
    kind: FillKind
    executed_at: datetime
    sequence: int = 0

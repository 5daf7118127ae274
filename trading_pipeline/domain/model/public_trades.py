"""What others traded."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.orders import Side


@dataclass(frozen=True, slots=True)
class PublicTrade:
    """One print of a market.

    :param trade_id: the venue's.
    :param at: venue time, UTC.
    :param side: of who did not wait, the taker.
    :param price: quote currency.
    :param quantity: base currency.
    """

    instrument_id: InstrumentId
    trade_id: str
    at: datetime
    side: Side
    price: Decimal
    quantity: Decimal

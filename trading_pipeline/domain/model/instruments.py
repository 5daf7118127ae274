"""What may be traded, and in which steps."""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from enum import StrEnum

from trading_pipeline.domain.model.identity import InstrumentId


class InstrumentKind(StrEnum):
    """What is traded: it decides what a position is, what it can lose and in which currency."""

    LINEAR_PERPETUAL = "linear_perpetual"
    SPOT = "spot"
    BINARY_OUTCOME = "binary_outcome"


class InstrumentStatus(StrEnum):
    """Whether it is traded: not yet, now, no more while it is settled, no more."""

    PRE_LAUNCH = "pre_launch"
    TRADING = "trading"
    DELIVERING = "delivering"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Instrument:
    """What a venue lists, with the steps it accepts.

    :param settlement_currency: what profit and loss are paid in.
    :param price_increment: smallest price step (tick), quote currency.
    :param quantity_increment: smallest quantity step (lot), base currency.
    :param min_quantity: smallest order, base currency.
    :param max_quantity: largest limit order, base currency.
    :param max_market_quantity: largest market order, base currency.
    :param min_notional: smallest price x quantity, quote currency.
    :param max_leverage: ratio of notional to margin.
    :param maker_fee: fraction of the value traded by a fill that rested; below zero when the venue pays it.
    :param taker_fee: fraction of the value traded by a fill that did not.
    :param delists_at: when the venue will end its trading, UTC; ``None`` while no end is announced.
    """

    instrument_id: InstrumentId
    kind: InstrumentKind
    base_currency: str
    quote_currency: str
    settlement_currency: str
    price_increment: Decimal
    quantity_increment: Decimal
    min_quantity: Decimal
    max_quantity: Decimal
    max_market_quantity: Decimal
    min_notional: Decimal
    max_leverage: Decimal
    maker_fee: Decimal
    taker_fee: Decimal
    status: InstrumentStatus = InstrumentStatus.TRADING
    delists_at: datetime | None = None

    @property
    def no_entry(self) -> str:
        """Why nothing new is entered, empty where nothing is in the way: who enters has to be able to leave."""
        if self.status is not InstrumentStatus.TRADING:
            return f"it is {self.status} and not in trading"
        return f"the venue ends its trading at {self.delists_at:%Y-%m-%d %H:%M} UTC" if self.delists_at else ""

    @property
    def symbol(self) -> str:
        """As the venue writes it."""
        return self.instrument_id.symbol

    def round_price(self, price: Decimal) -> Decimal:
        """The nearest valid price in quote currency, a whole number of ticks; halfway goes to the even number."""
        # In steps of the tick, not in decimals: a tick may be 0.5 or 5.
        steps = (price / self.price_increment).quantize(Decimal(1), ROUND_HALF_EVEN)
        return steps * self.price_increment

    def floor_quantity(self, quantity: Decimal) -> Decimal:
        """The largest valid quantity (base currency, whole lots) not above ``quantity``: rounding adds no exposure."""
        steps = (quantity / self.quantity_increment).quantize(Decimal(1), ROUND_DOWN)
        return steps * self.quantity_increment

"""What may be traded, and in which steps."""

from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal


@dataclass(frozen=True, slots=True)
class Instrument:
    """A linear perpetual, margined and settled in its quote currency.

    :param price_increment: smallest price step (tick), quote currency.
    :param quantity_increment: smallest quantity step (lot), base currency.
    :param min_quantity: smallest order, base currency.
    :param max_quantity: largest limit order, base currency.
    :param max_market_quantity: largest market order, base currency.
    :param min_notional: smallest price x quantity, quote currency.
    :param max_leverage: ratio of notional to margin.
    """

    symbol: str
    base_currency: str
    quote_currency: str
    price_increment: Decimal
    quantity_increment: Decimal
    min_quantity: Decimal
    max_quantity: Decimal
    max_market_quantity: Decimal
    min_notional: Decimal
    max_leverage: Decimal

    def round_price(self, price: Decimal) -> Decimal:
        """The nearest valid price."""
        steps = (price / self.price_increment).quantize(Decimal(1), ROUND_HALF_EVEN)
        return steps * self.price_increment

    def floor_quantity(self, quantity: Decimal) -> Decimal:
        """The largest valid quantity that is not above ``quantity``: rounding never adds exposure."""
        steps = (quantity / self.quantity_increment).quantize(Decimal(1), ROUND_DOWN)
        return steps * self.quantity_increment

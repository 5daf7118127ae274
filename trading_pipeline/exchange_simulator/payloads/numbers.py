"""Numbers as the venue writes them."""

from decimal import Decimal


def plain(value: Decimal) -> str:
    """Without exponent and trailing zeros: ``Decimal('1E+2')`` is ``100``."""
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def money(value: Decimal) -> str:
    """USDT with at most 8 decimals."""
    # Adding zero turns -0, which rounding small losses leaves, into 0.
    return plain(round(value, 8) + 0)


def average_price(value: Decimal) -> str:
    """A mean of prices with at most 10 decimals, or ten digits where it is smaller than that shows."""
    return plain(round(value, max(10, 9 - value.adjusted())))


def optional(value: Decimal | None, absent: str = "") -> str:
    """``plain``, or the venue's way to say none."""
    return absent if value is None else plain(value)

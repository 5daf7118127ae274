"""A stored indicator beside the close it belongs to."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class IndicatorReading:
    """An indicator's value at a bar's close, with the close itself; both in quote currency."""

    close: Decimal
    value: Decimal

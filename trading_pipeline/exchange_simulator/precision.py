"""From recorded floats to integers: how many decimals a column has, and what does not fit."""

from collections.abc import Mapping
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from trading_pipeline.domain.model.errors import DataError

Floats = NDArray[np.float64]

DIGITS = 15
"""Every decimal number of so many digits is given back by the float64 that is nearest to it."""
FINEST = 22
"""The largest power of ten that a float64 holds exactly."""
# Last bits of a float64 that arithmetic of others may have spoilt.
_NOISE = 4
_TOLERANCE = 1e-9
_LARGEST = 2**63


def decimals_of(values: Floats, finest: int = FINEST) -> int:
    """The fewest decimals that write every value, as far as fifteen digits of the largest one go.

    What a float's last bits say beyond that is noise of somebody's arithmetic: 100.30000000000001 has one decimal.

    :param values: not negative.
    :param finest: at most so many.
    """
    largest = values.max(initial=0.0)
    if not largest:
        return 0
    most = min(max(DIGITS - 1 - Decimal(float(largest)).adjusted(), 0), finest)
    # The fewest first: a column of whole ticks must not get fifteen decimals from one noisy value.
    for decimals in range(most):
        if (np.abs(np.round(values, decimals) - values) <= _NOISE * np.spacing(values)).all():
            return decimals
    return most


def units_of(values: Floats, decimals: int) -> NDArray[np.int64]:
    """The values as counts of ``10 ** -decimals``."""
    return np.rint(values * 10.0**decimals).astype(np.int64)


def refuse_rounded(prices: Mapping[str, Floats], decimals: int, origin: str) -> None:
    """Refuse prices that so many decimals do not write, to a billionth of themselves.

    :raises DataError: names the first such row (1 is the first).
    """
    for name, values in prices.items():
        bad = np.abs(np.round(values, decimals) - values) > values * _TOLERANCE
        if bad.any():
            row = int(np.argmax(bad))
            raise DataError(
                f"{origin}: row {row + 1}: {name} {values[row]:.10g} needs more decimals than the {decimals} to which "
                f"{DIGITS} digits of the largest price go (at most {FINEST}); keep such prices in a file of their own"
            )


def refuse_large(name: str, values: Floats, decimals: int, bars_a_day: int, origin: str) -> None:
    """Refuse amounts of which a day's sum would not fit into 64 bits.

    :raises DataError: names the first such row (1 is the first).
    """
    bad = values >= _LARGEST / 10**decimals / bars_a_day
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError(f"{origin}: row {row + 1}: {name} {values[row]:.10g} is too large; repair or remove the row")

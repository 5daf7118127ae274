"""Where rounding would decide: prices are decimals, and float64 holds only their nearest neighbours.

0.0231 - 0.0230 and 0.0225 - 0.0224 are one tick each and not the same float; the mean of four closes at
0.0232 and sixteen at 0.0231 may come out on either side of itself. Prices themselves compare rightly as
they are. What is made of them compares through ``beyond``, and differences that are divided or compared
with one another come from ``difference``. Both look at the values alone, so that nothing depends on the
bars around them or on the unit of the price.
"""

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

ROUNDING = 1e-12
"""Share of a price below which a distance is rounding: some thousand times what averages over a thousand bars
gather, and a hundredth of what two averages of prices with seven digits can differ by."""

_DIGITS = 13
"""Digits of a price that are told from rounding; float64 has 15."""

_EXPONENTS = range(-1_000, 1_001)
_SCALES = np.array(
    [float(10 ** min(max(_DIGITS - math.floor(exponent * math.log10(2)), 0), 22)) for exponent in _EXPONENTS]
)
"""Per binary exponent of a price, the power of ten that makes it a whole number of so many digits or one more.

Only powers up to 22 are floats themselves, which is enough for every tick of 1e-22 and more.
"""


def difference(left: Floats, right: Floats) -> Floats:
    """``left - right`` of prices as the decimals they stand for, in their unit: the float nearest to 0.0001, always.

    Rounded to the 13th digit of the larger of both, which prices do not reach. NaN where either is NaN.
    """
    exponent = np.frexp(np.maximum(np.abs(left), np.abs(right)))[1]
    scale = np.take(_SCALES, exponent - _EXPONENTS.start, mode="clip")
    exact: Floats = np.rint((left - right) * scale) / scale
    return exact


def beyond(left: Floats | float, right: Floats | float, size: Floats | float) -> Floats:
    """How far ``left`` lies beyond ``right``: ``left - right``, and exactly 0 where that is only rounding.

    So ``> 0`` and ``>= 0`` mean what they say. NaN where either is NaN.

    :param size: what the values were made of, which their rounding is relative to: the price for averages, bands
        and the distances between them, 100 for oscillators and percentages.
    """
    gap: Floats = np.asarray(np.subtract(left, right))
    gap[np.abs(gap) <= ROUNDING * np.abs(size)] = 0.0
    return gap

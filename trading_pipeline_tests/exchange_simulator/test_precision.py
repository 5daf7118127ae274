"""Decimals of recorded numbers."""

import numpy as np
import pytest

from trading_pipeline.exchange_simulator.precision import decimals_of, units_of


@pytest.mark.parametrize(
    ("values", "decimals"),
    [
        ([100.0, 2.0], 0),
        ([100.5, 99.25], 2),
        ([1.5e-8, 1.51e-8, 1.46e-8], 10),
        ([1.5e-10, 1.51e-10], 12),
        ([1.234e-14, 9.0e-15], 17),
        ([100.30000000000001, 0.30000000000000004], 1),  # the last bits of a sum are noise
        ([123456.12345678], 8),
        ([12345678.1234567, 0.5], 7),  # fifteen digits
        ([100.49671415301123], 12),  # seventeen digits are cut to fifteen: 100.496714153011
        ([1e15], 0),
        ([3e-23], 22),  # no float64 holds a finer power of ten
        ([0.0], 0),
    ],
)
def test_a_column_has_as_many_decimals_as_write_it_in_fifteen_digits(values: list[float], decimals: int) -> None:
    assert decimals_of(np.array(values)) == decimals


def test_a_column_without_values_or_with_a_limit_has_no_more_decimals_than_that() -> None:
    assert decimals_of(np.empty(0)) == 0
    assert decimals_of(np.array([0.123456789]), finest=8) == 8


@pytest.mark.parametrize(
    "text", ["0.0000000150", "0.000000000147", "1.4e-14", "68123.45", "99999.9999999999", "0.1", "123456789012345"]
)
def test_units_are_the_digits_of_the_text(text: str) -> None:
    values = np.array([float(text)])
    decimals = decimals_of(values)
    assert int(units_of(values, decimals)[0]) / 10**decimals == float(text)

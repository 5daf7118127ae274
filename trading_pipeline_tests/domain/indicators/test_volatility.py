import numpy as np
import pytest

from trading_pipeline.domain.indicators.volatility import atr, atr_exponential, atr_simple, true_range

HIGH, LOW, CLOSE = np.array([10.0, 12, 13, 9]), np.array([9.0, 10, 12, 8]), np.array([9.5, 11, 12.5, 8.5])


def test_true_range_spans_the_gap_to_the_close_before() -> None:
    assert true_range(HIGH, LOW, CLOSE) == pytest.approx([np.nan, 2.5, 2.0, 4.5], nan_ok=True)


def test_three_smoothings_of_the_same_ranges() -> None:
    # Wilder: (2.25 * 1 + 4.5) / 2; plain: (2 + 4.5) / 2; exponential: 2.25 + 2/3 * (4.5 - 2.25).
    assert atr(HIGH, LOW, CLOSE, 2)[3] == pytest.approx(3.375)
    assert atr_simple(HIGH, LOW, CLOSE, 2)[3] == pytest.approx(3.25)
    assert atr_exponential(HIGH, LOW, CLOSE, 2)[3] == pytest.approx(3.75)


@pytest.mark.parametrize("average", [atr, atr_simple, atr_exponential])
def test_all_are_defined_from_the_period_on(average: object) -> None:
    values = average(HIGH, LOW, CLOSE, 2)  # type: ignore[operator]
    assert np.isfinite(values).tolist() == [False, False, True, True]

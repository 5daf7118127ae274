import numpy as np
import pytest

from trading_pipeline.domain.indicators.moving_averages import ema, sma, wilder


def test_sma_is_the_mean_of_the_window_and_undefined_before() -> None:
    assert sma(np.array([1.0, 2.0, 6.0, 4.0]), 3) == pytest.approx([np.nan, np.nan, 3.0, 4.0], nan_ok=True)


def test_ema_starts_from_the_mean_of_its_first_values() -> None:
    assert ema(np.array([1.0, 2.0, 6.0, 4.0]), 3) == pytest.approx([np.nan, np.nan, 3.0, 3.5], nan_ok=True)


@pytest.mark.parametrize("average", [sma, ema])
def test_period_one_is_the_input_itself(average: object) -> None:
    assert average(np.array([1.0, 5.0]), 1).tolist() == [1.0, 5.0]  # type: ignore[operator]


def test_wilders_average_moves_by_one_share_of_its_period() -> None:
    # Seed (3 + 6 + 0) / 3 = 3, then 3 + (9 - 3) / 3 = 5; undefined values before the first do not count.
    values = np.array([np.nan, 3.0, 6.0, 0.0, 9.0])
    assert wilder(values, 3) == pytest.approx([np.nan, np.nan, np.nan, 3.0, 5.0], nan_ok=True)


@pytest.mark.parametrize("average", [sma, wilder])
def test_fewer_values_than_the_period_have_no_average(average: object) -> None:
    assert np.isnan(average(np.array([np.nan, 1.0, 2.0]), 3)).all()  # type: ignore[operator]
    assert len(average(np.empty(0), 3)) == 0  # type: ignore[operator]


def test_sma_forgets_what_has_left_its_window_exactly() -> None:
    # A running sum would still carry what 1e6 + 0.1 rounded off.
    values = np.array([0.1, 1e6, 0.1, 0.2, 0.3])
    assert sma(values, 2)[3:].tolist() == [(0.1 + 0.2) / 2, (0.2 + 0.3) / 2]

import numpy as np
import pytest

from trading_pipeline.domain.indicators.moving_averages import ema, sma


def test_sma_is_the_mean_of_the_window_and_undefined_before() -> None:
    assert sma(np.array([1.0, 2.0, 6.0, 4.0]), 3) == pytest.approx([np.nan, np.nan, 3.0, 4.0], nan_ok=True)


def test_ema_starts_from_the_mean_of_its_first_values() -> None:
    assert ema(np.array([1.0, 2.0, 6.0, 4.0]), 3) == pytest.approx([np.nan, np.nan, 3.0, 3.5], nan_ok=True)


@pytest.mark.parametrize("average", [sma, ema])
def test_period_one_is_the_input_itself(average: object) -> None:
    assert average(np.array([1.0, 5.0]), 1).tolist() == [1.0, 5.0]  # type: ignore[operator]

import numpy as np
import pytest
import talib

from trading_pipeline.domain.indicators.bands import band_position, bollinger, donchian, keltner
from trading_pipeline.domain.indicators.moving_averages import ema
from trading_pipeline.domain.indicators.volatility import atr
from trading_pipeline_tests.domain.strategies.bars import random_bars

BARS = random_bars(300)
HIGH, LOW, CLOSE = (BARS[name].to_numpy() for name in ("high", "low", "close"))


def test_bollinger_agrees_with_ta_lib_at_ordinary_prices() -> None:
    for ours, theirs in zip(bollinger(CLOSE, 20, 2.0), talib.BBANDS(CLOSE, 20, 2, 2), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9)


def test_bollinger_keeps_its_width_at_tiny_prices() -> None:
    ordinary, tiny = bollinger(CLOSE, 20, 2.0)[0], bollinger(CLOSE * 1e-9, 20, 2.0)[0]
    np.testing.assert_allclose(tiny, ordinary * 1e-9, rtol=1e-12)


def test_the_sample_deviation_is_wider() -> None:
    population, sample = (bollinger(CLOSE, 20, 1.0, sample=flag) for flag in (False, True))
    ratio = (sample[0] - sample[1])[19:] / (population[0] - population[1])[19:]
    np.testing.assert_allclose(ratio, np.sqrt(20 / 19))


def test_keltner_is_an_average_and_a_multiple_of_the_range() -> None:
    upper, middle, lower = keltner((HIGH, LOW, CLOSE), 20, 14, 1.5)
    np.testing.assert_allclose(middle, ema(CLOSE, 20))
    np.testing.assert_allclose((upper - middle)[19:], 1.5 * atr(HIGH, LOW, CLOSE, 14)[19:])
    np.testing.assert_allclose(upper - middle, middle - lower)


def test_donchian_is_the_extreme_of_the_window_with_its_last_bar() -> None:
    upper, lower = donchian(HIGH, LOW, 14)
    assert upper[50] == HIGH[37:51].max()
    assert lower[50] == LOW[37:51].min()
    assert np.isnan(upper[12])


@pytest.mark.parametrize(("close", "expected"), [(9.0, 0.0), (10.0, 0.0), (11.0, 0.25), (14.0, 1.0), (20.0, 1.0)])
def test_band_position_is_clamped(close: float, expected: float) -> None:
    bands = (np.array([14.0]), np.array([12.0]), np.array([10.0]))
    assert band_position(np.array([close]), bands).tolist() == [expected]


def test_band_position_is_the_middle_of_bands_without_width() -> None:
    same = np.array([5.0, np.nan])
    assert band_position(np.array([5.0, 5.0]), (same, same, same)) == pytest.approx([0.5, np.nan], nan_ok=True)

import numpy as np
import pytest

from trading_pipeline.domain.indicators.windows import rolling_deviation, rolling_sum, shifted

VALUES = np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0])


@pytest.mark.parametrize("window", range(1, 9))
def test_a_rolling_sum_adds_up_its_window(window: int) -> None:
    # Powers of two: every sum of some of them is another number.
    expected = [VALUES[end - window : end].sum() for end in range(window, 9)]
    assert rolling_sum(VALUES, window)[window - 1 :].tolist() == expected
    assert np.isnan(rolling_sum(VALUES, window)[: window - 1]).all()


def test_a_rolling_sum_leaves_its_input_alone() -> None:
    values = VALUES.copy()
    rolling_sum(values, 1)[0] = 7.0
    assert values.tolist() == VALUES.tolist()


def test_a_window_longer_than_the_values_has_no_sum() -> None:
    assert np.isnan(rolling_sum(VALUES, 9)).all()
    assert len(rolling_sum(np.empty(0), 3)) == 0


def test_an_undefined_value_leaves_its_windows_without_sum() -> None:
    values = np.array([np.nan, 1.0, 2.0, 4.0])
    assert rolling_sum(values, 2) == pytest.approx([np.nan, np.nan, 3.0, 6.0], nan_ok=True)


@pytest.mark.parametrize("window", [2, 3, 7, 20, 100])
def test_sums_have_the_same_bits_wherever_the_values_start(window: int) -> None:
    values = np.random.default_rng(1).normal(100, 30, 400)
    assert rolling_sum(values[123:], window)[window:].tolist() == rolling_sum(values, window)[123 + window :].tolist()


@pytest.mark.parametrize("price", [0.0231, 0.1, 69_123.4, 1.1e-9])
@pytest.mark.parametrize("window", [3, 7, 20])
def test_equal_prices_do_not_deviate(price: float, window: int) -> None:
    assert rolling_deviation(np.full(30, price), window)[window - 1 :].tolist() == [0.0] * (31 - window)


def test_one_tick_in_a_large_price_deviates() -> None:
    # One of four is a tick of 0.1 higher: mean + 0.025, variance (3 x 0.025^2 + 0.075^2) / 4 = 0.001875.
    closes = np.array([123_456.7, 123_456.7, 123_456.7, 123_456.8])
    assert rolling_deviation(closes, 4)[3] == pytest.approx(0.001875**0.5, rel=1e-8)
    assert rolling_deviation(closes, 4, sample=True)[3] == pytest.approx(0.05, rel=1e-8)


def test_shifted_values_are_those_of_earlier_bars() -> None:
    assert shifted(VALUES[:4], 3) == pytest.approx([np.nan, np.nan, np.nan, 1.0], nan_ok=True)

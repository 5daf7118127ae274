import numpy as np
import pytest
import talib

from trading_pipeline.domain.indicators.momentum import adx, macd, rsi, stochastic
from trading_pipeline_tests.domain.strategies.bars import random_bars

BARS = random_bars(300)
HIGH, LOW, CLOSE = (BARS[name].to_numpy() for name in ("high", "low", "close"))


def test_macd_is_defined_as_soon_as_its_parts_are() -> None:
    line, signal, histogram = macd(CLOSE, 12, 26, 9)
    assert [int(np.argmax(np.isfinite(values))) for values in (line, signal, histogram)] == [25, 33, 33]
    assert signal[33] == pytest.approx(line[25:34].mean())


@pytest.mark.parametrize("count", [0, 1, 5, 33])
def test_macd_of_too_few_bars_is_undefined(count: int) -> None:
    assert not np.isfinite(macd(CLOSE[:count], 12, 26, 9)[1]).any()


@pytest.mark.parametrize(
    ("closes", "expected"),
    [(np.full(30, 5.0), 50.0), (np.arange(1.0, 31), 100.0), (np.arange(31.0, 1, -1), 0.0)],
)
def test_rsi_at_its_ends_and_of_a_flat_price(closes: np.ndarray, expected: float) -> None:
    assert rsi(closes, 14)[14:].tolist() == [expected] * 16


def test_rsi_leaves_fifty_with_the_first_move() -> None:
    values = rsi(np.array([5.0] * 20 + [6.0]), 14)
    assert values[[19, 20]].tolist() == [50.0, 100.0]


def test_stochastic_agrees_with_ta_lib() -> None:
    ours = stochastic(HIGH, LOW, CLOSE, 14, 3)
    theirs = talib.STOCHF(HIGH, LOW, CLOSE, 14, 3)
    np.testing.assert_allclose(ours[0][15:], theirs[0][15:])
    np.testing.assert_allclose(ours[1][15:], theirs[1][15:])


def test_stochastic_of_a_flat_range_is_the_middle() -> None:
    flat = np.full(20, 7.0)
    assert stochastic(flat, flat, flat, 14, 3)[1][15:].tolist() == [50.0] * 5


def test_stochastic_at_its_end_equals_its_mean() -> None:
    rising = np.r_[CLOSE, CLOSE.max() + np.arange(1.0, 40)]
    k, d = stochastic(rising, rising, rising, 14, 3)
    assert k[-20:].tolist() == d[-20:].tolist() == [100.0] * 20


def test_adx_is_defined_after_twice_its_period() -> None:
    assert int(np.argmax(np.isfinite(adx(HIGH, LOW, CLOSE, 14)))) == 27

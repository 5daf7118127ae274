import numpy as np
import pytest
import talib

from trading_pipeline.domain.indicators.momentum import adx, macd, rsi, stochastic
from trading_pipeline.domain.indicators.ties import beyond
from trading_pipeline_tests.domain.indicators.ticks import exact_adx
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


# A coin with a tick of 0.0001, in whole ticks: high, low, close.
COIN = [
    (231, 229, 231),
    (233, 231, 233),
    (234, 233, 234),
    (235, 233, 234),
    (235, 234, 235),
    (235, 233, 234),
    (235, 233, 233),
    (234, 232, 233),
    (233, 232, 232),
    (234, 232, 234),
    (234, 233, 234),
    (235, 233, 235),
    (236, 232, 233),
    (233, 233, 233),
    (234, 232, 234),
    (236, 234, 236),
    (236, 235, 236),
    (236, 235, 235),
    (235, 234, 235),
    (235, 233, 233),
    (235, 233, 235),
    (237, 235, 237),
    (238, 237, 237),
    (238, 235, 235),
    (236, 235, 236),
    (236, 234, 234),
    (236, 234, 235),
    (237, 235, 237),
    (238, 237, 237),
    (239, 236, 239),
    (241, 238, 241),
    (241, 239, 240),
    (242, 240, 241),
    (243, 240, 243),
    (246, 243, 245),
    (245, 243, 244),
    (245, 243, 243),
    (243, 242, 242),
    (243, 242, 243),
    (245, 243, 245),
    (245, 244, 245),
    (247, 245, 246),
    (248, 246, 247),
    (249, 247, 249),
    (249, 248, 248),
    (249, 248, 249),
    (251, 249, 250),
    (250, 249, 249),
    (250, 247, 247),
    (249, 247, 248),
    (250, 247, 250),
    (250, 247, 248),
    (249, 245, 246),
    (247, 246, 247),
    (247, 246, 246),
    (247, 246, 247),
    (249, 247, 248),
    (248, 246, 246),
    (247, 245, 247),
    (249, 246, 249),
    (250, 246, 247),
    (249, 247, 249),
    (251, 248, 250),
    (250, 249, 249),
]


@pytest.mark.parametrize("per_unit", [1, 10_000, 10**12])
def test_adx_of_a_coin_with_large_ticks_is_wilders(per_unit: int) -> None:
    # Bar by bar in whole ticks, as exact_adx does; float64 prices as they are say 17.7, 18.8 and 34.3.
    high, low, close = (np.array([bar[column] / per_unit for bar in COIN]) for column in range(3))
    values = adx(high, low, close, 14)
    expected = exact_adx([bar[0] for bar in COIN], [bar[1] for bar in COIN], 14)
    assert values[27:].tolist() == pytest.approx(expected[27:], abs=1e-9)
    assert values[[27, 30, 40]].tolist() == pytest.approx([34.908, 34.072, 44.240], abs=5e-4)


def test_adx_of_equal_moves_both_ways_is_nothing() -> None:
    # The range grows by one tick on both sides at every bar.
    ticks = np.arange(60)
    values = adx((231 + ticks) / 10_000, (230 - ticks) / 10_000, np.full(60, 0.023), 14)
    assert values[27:].tolist() == [0.0] * 33


def test_adx_and_rsi_agree_with_ta_lib() -> None:
    high, low, close = (np.round(values * 1_000) for values in (HIGH, LOW, CLOSE))
    np.testing.assert_allclose(adx(high, low, close, 14), talib.ADX(high, low, close, 14), atol=1e-9)
    np.testing.assert_allclose(rsi(close, 14), talib.RSI(close, 14), atol=1e-9)


def test_rsi_of_tiny_or_resting_prices_is_unchanged() -> None:
    # TA-Lib takes average moves below 1e-14 for none and says 0.
    closes = np.array([2.0, 3.0, 5.0, 4.0, *[4.0] * 600])
    expected = rsi(closes, 3)
    assert expected[3] == pytest.approx(75.0)
    assert expected[3:].tolist() == pytest.approx([75.0] * 601)
    assert rsi(closes * 1e-15, 3).tolist() == pytest.approx(expected.tolist(), nan_ok=True)


def test_stochastic_in_the_middle_is_the_middle_in_every_unit() -> None:
    # Closes at 2, 4 and 3 of 10 ticks: %K 20, 40, 30, and %D their mean, 30.
    high, low, close = (np.array(ticks) / 10_000 for ticks in ([240] * 3, [230] * 3, [232, 234, 233]))
    k, d = stochastic(high, low, close, 1, 3)
    assert k.tolist() == pytest.approx([20.0, 40.0, 30.0])
    assert beyond(k, d, 100.0)[2] == 0

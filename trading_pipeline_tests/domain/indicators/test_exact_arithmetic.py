"""Indicators that are compared, held against whole ticks and fractions on walks full of ties."""

from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np
import pytest

from trading_pipeline.domain.indicators.bands import bollinger, keltner
from trading_pipeline.domain.indicators.gaps import falling_gaps, rising_gaps
from trading_pipeline.domain.indicators.momentum import adx, macd, rsi, stochastic
from trading_pipeline.domain.indicators.moving_averages import ema, sma
from trading_pipeline.domain.indicators.pivots import pivot_highs, pivot_lows
from trading_pipeline.domain.indicators.snapshot import snapshot
from trading_pipeline.domain.indicators.supertrend import supertrend
from trading_pipeline.domain.indicators.ties import beyond
from trading_pipeline.domain.indicators.volume import signed_volume
from trading_pipeline.domain.indicators.vwap import rolling_vwap_bands, typical_price
from trading_pipeline_tests.domain.indicators.ticks import (
    Ticks,
    exact_adx,
    exact_ema,
    exact_wilder,
    sign,
    tick_walk,
)
from trading_pipeline_tests.domain.strategies.bars import bars_in_ticks

PER_UNIT = 10_000
"""Ticks of 0.0001."""

every_walk = pytest.mark.parametrize("walk", [tick_walk(seed) for seed in range(24)], ids=range(24))


def _windows(values: list[int], size: int) -> Iterator[tuple[int, list[int]]]:
    """Every last bar with the values of its window."""
    for end in range(size - 1, len(values)):
        yield end, values[end - size + 1 : end + 1]


def _mean(values: list[int]) -> Fraction:
    return Fraction(sum(values), len(values))


def _variance(values: list[int]) -> Fraction:
    mean = _mean(values)
    return sum(((value - mean) ** 2 for value in values), Fraction()) / len(values)


def _signs(values: np.ndarray) -> list[int]:
    return np.sign(values).astype(int).tolist()


@every_walk
def test_adx_is_wilders_in_whole_ticks(walk: Ticks) -> None:
    found = adx(*(walk.prices(name, PER_UNIT) for name in ("high", "low", "close")), 14)
    expected = np.array(exact_adx(walk.high, walk.low, 14), dtype=np.float64)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


@every_walk
@pytest.mark.parametrize(("period", "levels"), [(14, (30, 45, 50, 70)), (2, (25, 50, 75))])
def test_rsi_stands_where_its_fraction_does(walk: Ticks, period: int, levels: tuple[int, ...]) -> None:
    changes = [Fraction(b - a) for a, b in zip(walk.close, walk.close[1:], strict=False)]
    gains = exact_wilder([max(change, Fraction()) for change in changes], period)
    losses = exact_wilder([max(-change, Fraction()) for change in changes], period)
    values = rsi(walk.prices("close", PER_UNIT), period)
    for at, (gain, loss) in enumerate(zip(gains, losses, strict=True), 1):
        if gain is None or loss is None:
            assert np.isnan(values[at])
            continue
        exact = 100 * gain / (gain + loss) if gain + loss else Fraction(50)
        assert values[at] == pytest.approx(float(exact), abs=1e-9)
        assert _signs(beyond(values[at], np.array(levels), 100.0)) == [sign(exact - level) for level in levels]


@every_walk
def test_stochastic_stands_beside_its_mean_and_levels_where_its_fraction_does(walk: Ticks) -> None:
    columns = [walk.prices(name, PER_UNIT) for name in ("high", "low", "close")]
    k, d = stochastic(*columns, 14, 3)
    exact: list[Fraction] = []
    for end, window in _windows(walk.high, 14):
        top, bottom = max(window), min(walk.low[end - 13 : end + 1])
        exact.append(Fraction(100 * (walk.close[end] - bottom), top - bottom) if top > bottom else Fraction(50))
    signs = [sign(value - sum(exact[at : at + 3]) / 3) for at, value in enumerate(exact[2:])]
    assert _signs(beyond(k, d, 100.0)[15:]) == signs
    for level in (20, 40, 50, 60, 100):
        assert _signs(beyond(k, level, 100.0)[13:]) == [sign(value - level) for value in exact]


@every_walk
@pytest.mark.parametrize(("fast", "slow"), [(10, 30), (2, 4), (1, 5), (30, 200)])
def test_plain_averages_cross_where_their_fractions_do(walk: Ticks, fast: int, slow: int) -> None:
    close = walk.prices("close", PER_UNIT)
    found = beyond(sma(close, fast), sma(close, slow), close)[slow - 1 :]
    expected = [sign(_mean(window[-fast:]) - _mean(window)) for _, window in _windows(walk.close, slow)]
    assert _signs(found) == expected


@every_walk
def test_exponential_averages_and_the_macd_cross_where_their_fractions_do(walk: Ticks) -> None:
    close = walk.prices("close", PER_UNIT)
    fast, slow = exact_ema(walk.close, 12), exact_ema(walk.close, 26)
    line = [a - b for a, b in zip(fast, slow, strict=True) if a is not None and b is not None]
    assert _signs(beyond(ema(close, 12), ema(close, 26), close)[25:]) == [sign(value) for value in line]
    signal = _ema_of(line, 9)
    expected = [sign(value - average) for value, average in zip(line[8:], signal, strict=True)]
    assert _signs(beyond(macd(close, 12, 26, 9)[2], 0.0, close)[33:]) == expected
    beside = [sign(price - average) for price, average in zip(walk.close, slow, strict=True) if average is not None]
    assert _signs(beyond(close, ema(close, 26), close)[25:]) == beside


def _ema_of(values: list[Fraction], period: int) -> list[Fraction]:
    """EMA of fractions from its first defined value on."""
    found = [sum(values[:period], Fraction()) / period]
    for value in values[period:]:
        found.append(found[-1] + (value - found[-1]) * Fraction(2, period + 1))
    return found


@every_walk
@pytest.mark.parametrize(("period", "width"), [(20, 2), (4, 1), (5, 2)])
def test_closes_reach_bollinger_bands_where_whole_numbers_do(walk: Ticks, period: int, width: int) -> None:
    close = walk.prices("close", PER_UNIT)
    upper, middle, lower = bollinger(close, period, float(width))
    for end, window in _windows(walk.close, period):
        away, reach = walk.close[end] - _mean(window), width**2 * _variance(window)
        expected = away >= 0 and away**2 >= reach, away <= 0 and away**2 >= reach
        found = beyond(close[end], upper[end], middle[end]) >= 0, beyond(close[end], lower[end], middle[end]) <= 0
        assert found == expected
        assert (upper[end] > lower[end]) == (reach > 0)


@every_walk
def test_bands_lie_inside_a_channel_where_whole_numbers_do(walk: Ticks) -> None:
    columns = tuple(walk.prices(name, PER_UNIT) for name in ("high", "low", "close"))
    upper, _, lower = bollinger(columns[2], 20, 2.0)
    top, _, bottom = keltner((columns[0], columns[1], columns[2]), 20, 20, 1.5, simple=True)
    found = beyond(upper - lower, top - bottom, columns[2])[20:]
    ranges = _true_ranges(walk)
    expected = [
        sign(4 * _variance(window) - (Fraction(3, 2) * _mean(ranges[end - 20 : end])) ** 2)
        for end, window in list(_windows(walk.close, 20))[1:]
    ]
    assert _signs(found) == expected


def _true_ranges(walk: Ticks) -> list[int]:
    """From the second bar on."""
    before = zip(walk.high[1:], walk.low[1:], walk.close, strict=False)
    return [max(high, close) - min(low, close) for high, low, close in before]


@every_walk
def test_closes_leave_vwap_bands_where_whole_numbers_do(walk: Ticks) -> None:
    close, volume = walk.prices("close", PER_UNIT), walk.prices("volume")
    bands = rolling_vwap_bands(close, close, volume, 20)
    for end, window in _windows(walk.close, 20):
        weights = walk.volume[end - 19 : end + 1]
        pairs, total = list(zip(window, weights, strict=True)), sum(weights)
        average = Fraction(sum(price * weight for price, weight in pairs), total)
        variance = sum(((price - average) ** 2 * weight for price, weight in pairs), Fraction()) / total
        away = walk.close[end] - average
        beside = beyond(close[end] - bands.vwap[end], bands.deviation[end], close[end]) > 0
        assert beside == (away > 0 and away**2 > variance)
        assert (bands.deviation[end] > 0) == (variance > 0)


@every_walk
@pytest.mark.parametrize(("period", "multiple"), [(10, 3), (2, 1)])
def test_supertrend_turns_where_fractions_do(walk: Ticks, period: int, multiple: int) -> None:
    columns = (walk.prices(name, PER_UNIT) for name in ("high", "low", "close"))
    found = supertrend(*columns, period, float(multiple))[1]
    assert found.tolist() == _exact_supertrend(walk, period, multiple)


def _exact_supertrend(walk: Ticks, period: int, multiple: int) -> list[int]:
    """The side of the trend by the definition, in fractions of a tick."""
    ranges = exact_wilder([Fraction(each) for each in _true_ranges(walk)], period)
    sides, side, upper, lower = [0] * period, 0, Fraction(), Fraction()
    for at in range(period, len(walk.close)):
        width = ranges[at - 1]
        assert width is not None
        middle, close = Fraction(walk.high[at] + walk.low[at], 2), walk.close[at]
        new_upper, new_lower = middle + multiple * width, middle - multiple * width
        if not side:
            side, upper, lower = 1 if close >= middle else -1, new_upper, new_lower
        else:
            upper = new_upper if walk.close[at - 1] > upper else min(upper, new_upper)
            lower = new_lower if walk.close[at - 1] < lower else max(lower, new_lower)
        side = -1 if side == 1 and close < lower else 1 if side == -1 and close > upper else side
        sides.append(side)
    return sides


@every_walk
@pytest.mark.parametrize(
    "positions",
    [
        lambda high, low, close: pivot_highs(high),
        lambda high, low, close: pivot_lows(low),
        lambda high, low, close: rising_gaps(high, low),
        lambda high, low, close: falling_gaps(high, low),
        lambda high, low, close: signed_volume(close, np.ones(len(close))),
    ],
)
def test_what_compares_prices_themselves_is_the_same_in_ticks(
    walk: Ticks, positions: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
) -> None:
    one, other = ([walk.prices(name, unit) for name in ("high", "low", "close")] for unit in (1, PER_UNIT))
    assert positions(one[0], one[1], one[2]).tolist() == positions(other[0], other[1], other[2]).tolist()


WITHOUT_UNIT = ["rsi_14", "obv_100", "stochastic_k_14", "stochastic_d_3", "adx_14"]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("power", [-8, -4, -1, 3, 7])
def test_a_snapshot_in_another_unit_says_the_same(seed: int, power: int) -> None:
    walk = tick_walk(seed, 400)
    ticks, other = (snapshot(bars_in_ticks(walk, places)) for places in (0, power))
    prices = other.columns.difference(WITHOUT_UNIT)
    np.testing.assert_allclose(other[WITHOUT_UNIT], ticks[WITHOUT_UNIT], rtol=0, atol=1e-9)
    price = max(walk.high) * 10.0**power
    np.testing.assert_allclose(other[prices], ticks[prices] * 10.0**power, rtol=0, atol=1e-13 * price)


def test_typical_price_of_equals_is_exactly_theirs() -> None:
    price = np.array([0.0231, 0.1, 69_123.4])
    assert beyond(typical_price(price, price, price), price, price).tolist() == [0.0] * 3

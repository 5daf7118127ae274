import numpy as np
import pytest

from trading_pipeline.domain.indicators.vwap import rolling_vwap, rolling_vwap_bands, session_vwap_bands

HOUR = 3_600_000


def test_vwap_weighs_prices_by_volume() -> None:
    assert rolling_vwap(np.array([10.0, 12]), np.array([2.0, 1]), 2)[-1] == pytest.approx(10.6667, abs=1e-4)


def test_without_volume_there_is_no_vwap() -> None:
    assert np.isnan(rolling_vwap(np.array([10.0, 12, 11]), np.array([0.0, 0, 1]), 2)[1])


def test_bands_are_the_volume_weighted_deviation_of_the_closes() -> None:
    closes, volume = np.array([10.0, 12, 17]), np.array([2.0, 1, 1])
    bands = rolling_vwap_bands(closes, closes, volume, 3)
    average = np.average(closes, weights=volume)
    expected = np.sqrt(np.average((closes - average) ** 2, weights=volume))
    assert bands.at(2.0)[0][-1] == pytest.approx(average + 2 * expected)


def test_a_session_begins_at_midnight() -> None:
    times = np.arange(22, 28) * HOUR
    price, volume = np.array([1.0, 2, 30, 40, 50, 60]), np.ones(6)
    bands = session_vwap_bands(times, price, volume)
    assert bands.vwap == pytest.approx([np.nan, np.nan, 30, 35, 40, 45], nan_ok=True)
    assert bands.deviation[2:] == pytest.approx([np.std(price[2:end]) for end in range(3, 7)])


def test_a_first_day_that_is_whole_counts() -> None:
    bands = session_vwap_bands(np.arange(3) * HOUR, np.array([3.0, 6, 9]), np.array([0.0, 1, 1]))
    assert bands.vwap == pytest.approx([np.nan, 6, 7.5], nan_ok=True)

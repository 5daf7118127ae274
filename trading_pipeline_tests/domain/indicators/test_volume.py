import numpy as np
import pytest

from trading_pipeline.domain.indicators.volume import obv, signed_volume


def test_volume_takes_the_sign_of_the_closes_change() -> None:
    assert signed_volume(np.array([5.0, 6, 6, 4]), np.array([9.0, 1, 2, 3])).tolist() == [0, 1, 0, -3]


def test_obv_sums_the_last_bars_only() -> None:
    closes, volume = np.array([5.0, 6, 7, 6, 8]), np.array([9.0, 1, 2, 3, 4])
    assert obv(closes, volume, 2) == pytest.approx([np.nan, np.nan, 3, -1, 1], nan_ok=True)


def test_obv_is_the_same_bits_wherever_the_array_starts() -> None:
    draw = np.random.default_rng(5)
    closes, volume = draw.normal(100, 1, 500), draw.random(500)
    assert obv(closes[137:], volume[137:], 100)[100:].tolist() == obv(closes, volume, 100)[237:].tolist()

import numpy as np
import pandas as pd
import pytest

from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.strategies.framework.arrays import BarArrays, decisions_with_atr_stop
from trading_pipeline_tests.domain.strategies.bars import bars_closing, random_bars


def _with(column: str, value: object) -> pd.DataFrame:
    bars = random_bars(10)
    bars.loc[4, column] = value
    return bars


@pytest.mark.parametrize(
    ("bars", "message"),
    [
        (_with("close", np.nan), "bar 4 .2024-01-01T01:00.*: close is nan"),
        (_with("low", 0.0), "bar 4 .*low is 0.0"),
        (_with("high", np.inf), "high is inf"),
        (_with("volume", -1.0), "volume is -1.0"),
        (_with("open_time", pd.Timestamp("2024-01-01 00:45", tz="UTC")), "bar 4 .*repeats bar 3"),
        (random_bars(10).iloc[::-1], "bar 1 .*opens before bar 0"),
        (_with("instrument_id", "ETHUSDT"), "2 instruments"),
    ],
)
def test_unsound_bars_are_refused_with_the_bar_and_the_reason(bars: pd.DataFrame, message: str) -> None:
    with pytest.raises(DataError, match=message):
        BarArrays.of(bars)


def test_zero_volume_is_a_quiet_bar_not_an_error() -> None:
    assert BarArrays.of(_with("volume", 0.0)).volume[4] == 0


def test_times_are_milliseconds_since_the_epoch() -> None:
    assert BarArrays.of(random_bars(2)).open_time_ms.tolist() == [1704067200000, 1704068100000]


def test_a_stop_that_protects_nothing_is_decided_like_any_other() -> None:
    """Closes at 10, ATR 4, 5, 6, 0 and unknown, two ATR away: the stops of longs are 2, 0, -2, 10 and none."""
    bars = BarArrays.of(bars_closing([10.0] * 5))
    ranges = np.array([4.0, 5.0, 6.0, 0.0, np.nan])
    longs = decisions_with_atr_stop(bars, np.ones(5, np.int64), ranges, 2.0, {})
    assert list(zip(longs.bar_index.tolist(), longs.stop_price.tolist(), strict=True)) == [
        (0, 2.0),
        (1, 0.0),
        (2, -2.0),
        (3, 10.0),
    ]

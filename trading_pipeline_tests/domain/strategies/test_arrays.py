import numpy as np
import pandas as pd
import pytest

from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.strategies.arrays import BarArrays
from trading_pipeline_tests.domain.strategies.bars import random_bars


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
        (_with("symbol", "ETHUSDT"), "2 symbols"),
    ],
)
def test_unsound_bars_are_refused_with_the_bar_and_the_reason(bars: pd.DataFrame, message: str) -> None:
    with pytest.raises(DataError, match=message):
        BarArrays.of(bars)


def test_zero_volume_is_a_quiet_bar_not_an_error() -> None:
    assert BarArrays.of(_with("volume", 0.0)).volume[4] == 0


def test_times_are_milliseconds_since_the_epoch() -> None:
    assert BarArrays.of(random_bars(2)).open_time_ms.tolist() == [1704067200000, 1704068100000]

import pandas as pd
import pytest

from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.strategies.higher_timeframes import as_of_close
from trading_pipeline_tests.domain.strategies.bars import bars_closing

LOW = bars_closing([1.0] * 9, "15m")
HIGH = bars_closing([10.0, 20.0, 30.0], "1h")[["close_time", "close"]]


def test_a_higher_bar_is_seen_from_its_own_close_on() -> None:
    joined = as_of_close(LOW, HIGH, "_1h")
    assert joined["close_1h"].tolist()[3:] == [10.0] * 4 + [20.0] * 2
    assert joined["close_1h"].isna().tolist()[:3] == [True] * 3
    assert joined.index.equals(LOW.index)


def test_later_higher_bars_change_nothing_earlier() -> None:
    pd.testing.assert_frame_equal(as_of_close(LOW, HIGH[:2], "_1h"), as_of_close(LOW, HIGH, "_1h"))


@pytest.mark.parametrize("higher", [HIGH[::-1], pd.concat([HIGH, HIGH])])
def test_disordered_closes_are_refused(higher: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="higher bars repeat or are not ascending"):
        as_of_close(LOW, higher, "_1h")

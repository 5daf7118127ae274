"""Frames are refused with instrument and time of the row that breaks a rule."""

import pandas as pd
import pytest

from trading_pipeline.adapters.stores.postgres.schemas import BARS, SNAPSHOTS, validated
from trading_pipeline.domain.model.bars import BAR_COLUMNS
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline_tests.testkit.builders import START


def a_frame() -> pd.DataFrame:
    times = pd.date_range(START, periods=3, freq="h", unit="us")
    columns = {name: pd.Series([1.0, 2.0, 3.0]) for name in BAR_COLUMNS[3:]}
    close_times = times + pd.Timedelta(hours=1)
    return pd.DataFrame(
        {"instrument_id": ["BTCUSDT.BYBIT"] * 3, "open_time": times, "close_time": close_times, **columns}
    )


def test_a_sound_frame_passes_unchanged() -> None:
    pd.testing.assert_frame_equal(validated(a_frame(), BARS), a_frame())


def test_a_frame_like_one_that_passed_is_looked_at_all_the_same() -> None:
    validated(a_frame(), BARS)
    nameless = a_frame().assign(instrument_id=a_frame()["instrument_id"].where([True, False, True]))
    with pytest.raises(DataError, match="frame refused"):
        validated(nameless, BARS)
    with pytest.raises(DataError, match="frame refused"):
        validated(a_frame().rename(columns={"turnover": "close"}), BARS)


def test_rows_out_of_order_are_named() -> None:
    frame = a_frame().iloc[[0, 2, 1]].reset_index(drop=True)
    with pytest.raises(DataError, match=r"BTCUSDT.BYBIT 2025-03-01T01:00:00.*one row per instrument and open time"):
        validated(frame, BARS)


def test_a_bar_that_closes_before_it_opens_is_named() -> None:
    frame = a_frame()
    frame.loc[1, "close_time"] = frame.loc[0, "open_time"]
    with pytest.raises(DataError, match=r"BTCUSDT.BYBIT 2025-03-01T01:00:00.*closes after it opens"):
        validated(frame, BARS)


@pytest.mark.parametrize("change", ["text", "missing", "extra"])
def test_other_columns_or_types_are_refused(change: str) -> None:
    frame = a_frame()
    if change == "text":
        frame["close"] = ["1", "2", "3"]
    elif change == "missing":
        frame = frame.drop(columns="turnover")
    else:
        frame["mood"] = 1.0
    with pytest.raises(DataError, match="frame refused"):
        validated(frame, BARS)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"ema_12": ["1", "2", "3"]}, "indicators are float64"),
        ({"close_time": pd.DatetimeIndex([START] * 3).as_unit("us")}, "one row per instrument and close time"),
    ],
)
def test_snapshots_are_numbers_under_one_key_each(changes: dict[str, object], rule: str) -> None:
    times = pd.date_range(START, periods=3, freq="h", unit="us")
    frame = pd.DataFrame(
        {"instrument_id": ["BTCUSDT.BYBIT"] * 3, "close_time": times, "ema_12": [1.0, 2.0, float("nan")]}
    )
    pd.testing.assert_frame_equal(validated(frame, SNAPSHOTS), frame)
    with pytest.raises(DataError, match=rule):
        validated(frame.assign(**changes), SNAPSHOTS)

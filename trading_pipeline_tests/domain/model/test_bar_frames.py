from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_pipeline.domain.model.bar_frames import (
    FILE_COLUMNS,
    check_bars,
    coarser_bars,
    number_columns,
    resample,
    rows_left_out,
    timeframe_of,
)
from trading_pipeline.domain.model.bars import OHLCV
from trading_pipeline.domain.model.errors import ConfigurationError, DataError
from trading_pipeline.domain.model.timeframes import Timeframe

FIRST = 1_735_689_600_000  # 2025-01-01


def frame(*opens: int) -> pd.DataFrame:
    """Bars that open at these multiples of five minutes after midnight."""
    rows = [(FIRST + n * 300_000, 10.0 + n, 12.0 + n, 9.0 + n, 11.0 + n, 1.0) for n in opens]
    return pd.DataFrame(rows, columns=list(FILE_COLUMNS))


def test_sound_bars_pass_even_with_a_gap() -> None:
    bars = frame(0, 1, 5).assign(volume=[0.0, 0.5, 1.0])
    check_bars(bars, "bars.csv")
    assert len(bars) == 3


@pytest.mark.parametrize(
    ("column", "value", "problem"),
    [
        ("high", 9.5, "row 2: high is below low"),
        ("high", 11.0, "row 2: high is below open or close"),
        ("low", 11.5, "row 2: low is above open or close"),
        ("open_time_ms", FIRST, "row 2: open time repeats"),
        ("open_time_ms", FIRST - 1, "row 2: open time is before"),
        ("close", np.nan, "row 2: close is not a number"),
        ("open", np.inf, "row 2: open is not a number"),
        ("low", 0.0, "row 2: low is not positive"),
        ("volume", -1.0, "row 2: volume is negative"),
        ("open_time_ms", FIRST * 1000, "row 2: open_time_ms 1735689600000000 is in microseconds, the rows above"),
        ("open_time_ms", np.nan, "row 2: open_time_ms is not a number"),
    ],
)
def test_bad_row_is_refused_by_number_and_problem(column: str, value: float, problem: str) -> None:
    bars = frame(0, 1, 2)
    bars[column] = bars[column].astype(float)
    bars.loc[1, column] = value
    with pytest.raises(DataError, match=problem) as caught:
        check_bars(bars, "bars.csv")
    assert str(caught.value).startswith("bars.csv: ")


@pytest.mark.parametrize(
    ("bars", "problem"),
    [
        (frame(0).drop(columns="volume"), "column 'volume' is missing"),
        (frame(), "holds no bars"),
        (frame(0).astype({"open": str}).assign(open="ten"), "row 1: open 'ten' is no number"),
    ],
)
def test_frame_that_is_no_table_of_bars_is_refused(bars: pd.DataFrame, problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        check_bars(bars, "bars.csv")


def test_coarser_bar_takes_first_open_last_close_extremes_and_sum() -> None:
    [row] = resample(frame(0, 1, 2), Timeframe.M5, Timeframe.M15).itertuples(index=False)
    assert tuple(row) == (FIRST, 10.0, 14.0, 9.0, 13.0, 3.0)


def test_packed_bars_keep_instrument_and_close_time() -> None:
    opens = pd.to_datetime(frame(0, 1, 2)["open_time_ms"], unit="ms", utc=True)
    bars = frame(0, 1, 2).assign(instrument_id="BTCUSDT.BYBIT", open_time=opens, turnover=10.0, origin="rest")
    (made,) = coarser_bars(bars, Timeframe.M5, Timeframe.M15).to_dict("records")
    assert (made["instrument_id"], made["open_time"]) == ("BTCUSDT.BYBIT", opens[0])
    assert made["close_time"] == opens[0] + Timeframe.M15.duration
    assert [made[name] for name in (*OHLCV, "turnover")] == [10.0, 14.0, 9.0, 13.0, 3.0, 30.0]
    assert "origin" not in made


def test_coarser_bars_with_a_hole_or_cut_off_are_left_out() -> None:
    bars = resample(frame(1, 2, 3, 4, 5, 6, 8, 9), Timeframe.M5, Timeframe.M15)
    assert bars["open_time_ms"].tolist() == [FIRST + 900_000]


@pytest.mark.parametrize(("opens", "count"), [((0, 1, 2, 3, 4, 5), 0), ((1, 2, 3, 4, 5, 6, 8, 9), 5), ((1, 2), 2)])
def test_rows_that_stand_in_no_coarser_bar_are_counted(opens: tuple[int, ...], count: int) -> None:
    # quarters are 0-2, 3-5, 6-8: in the second case 3-5 is whole, and 1, 2, 6, 8, 9 are left
    open_ms = frame(*opens)["open_time_ms"].to_numpy(np.int64)
    assert rows_left_out(open_ms, Timeframe.M5, Timeframe.M15) == count


@pytest.mark.parametrize(
    ("opens", "found"), [((0, 1, 5), "5m"), ((0, 3, 9), "15m"), ((0, 12), "1h"), ((6,), "30m"), ((0, 12, 13), "5m")]
)
def test_the_timeframe_is_the_smallest_step_or_the_expected_one(opens: tuple[int, ...], found: str) -> None:
    assert timeframe_of(frame(*opens), Timeframe.M30, "bars.csv") == found


@pytest.mark.parametrize(
    ("times", "problem"),
    [
        ((0, 600_000), "row 2 opens 600 s after the row above; bars of 1m, 5m"),
        ((0, 300_000, 600_001), "row 3 opens at 2025-01-01T00:10:00.001000.00:00, where no 5m bar opens"),
        ((0, 300_000, 600_000.5), "row 3 opens at 2025-01-01T00:10:00"),
        ((300_000,), "row 1 opens at 2025-01-01T00:05:00.00:00, where no 30m bar opens"),
    ],
)
def test_rows_beside_the_grid_of_every_timeframe_are_refused(times: tuple[float, ...], problem: str) -> None:
    bars = frame(*range(len(times))).assign(open_time_ms=[FIRST + time for time in times])
    with pytest.raises(DataError, match=problem):
        timeframe_of(bars, Timeframe.M30, "bars.csv")


def test_columns_become_numbers_or_are_named() -> None:
    bars = frame(0, 1).astype({"volume": str})
    assert number_columns(bars, ("volume", "open"), "bars.csv")["volume"].tolist() == [1.0, 1.0]
    with pytest.raises(DataError, match=r"bars.csv: column 'rate' is missing; expected open, rate"):
        number_columns(bars, ("open", "rate"), "bars.csv")


def test_timeframe_that_is_no_multiple_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="cannot make 5m bars of 15m bars"):
        resample(frame(0), Timeframe.M15, Timeframe.M5)


@given(st.sets(st.integers(0, 60), min_size=1))
def test_resampling_in_two_steps_equals_one_step(opens: set[int]) -> None:
    bars = frame(*sorted(opens))
    by_quarters = resample(resample(bars, Timeframe.M5, Timeframe.M15), Timeframe.M15, Timeframe.H1)
    pd.testing.assert_frame_equal(by_quarters, resample(bars, Timeframe.M5, Timeframe.H1))


@pytest.mark.parametrize(
    ("fine_name", "coarse_name", "target"),
    [
        ("bars_5m/BTCUSDT_5m", "bars_4h/BTCUSDT_4h", Timeframe.H4),
        ("bars_5m/SOLUSDT_5m", "bars_4h/SOLUSDT_4h", Timeframe.H4),
        ("bars_5m/ADAUSDT_5m", "bars_4h/ADAUSDT_4h", Timeframe.H4),
        ("bars_5m_2025q2/BTCUSDT_5m", "bars_15m/BTCUSDT_15m", Timeframe.M15),
    ],
)
def test_recorded_fine_bars_resample_exactly_to_the_recorded_coarse_ones(
    samples: Path, fine_name: str, coarse_name: str, target: Timeframe
) -> None:
    fine = pd.read_csv(samples / f"{fine_name}.csv.gz")
    coarse = pd.read_csv(samples / f"{coarse_name}.csv.gz")
    check_bars(fine, "fine")
    made = resample(fine, Timeframe.M5, target)
    both = made.merge(coarse, on="open_time_ms", suffixes=("", "_recorded"))
    assert len(both) == len(made) >= 84
    for name in ("open", "high", "low", "close"):
        assert (both[name] == both[f"{name}_recorded"]).all()
    np.testing.assert_allclose(both["volume"], both["volume_recorded"], rtol=1e-9)

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_pipeline.domain.model.bar_frames import FILE_COLUMNS, check_bars, resample
from trading_pipeline.domain.model.errors import ConfigurationError, DataError
from trading_pipeline.domain.model.timeframes import Timeframe


def frame(*opens: int) -> pd.DataFrame:
    """Bars that open at these multiples of five minutes."""
    rows = [(n * 300_000, 10.0 + n, 12.0 + n, 9.0 + n, 11.0 + n, 1.0) for n in opens]
    return pd.DataFrame(rows, columns=list(FILE_COLUMNS))


def test_sound_bars_pass_even_with_a_gap() -> None:
    bars = frame(0, 1, 5)
    check_bars(bars, "bars.csv")
    assert len(bars) == 3


@pytest.mark.parametrize(
    ("column", "value", "problem"),
    [
        ("high", 9.5, "row 2: high is below low"),
        ("high", 11.0, "row 2: high is below open or close"),
        ("low", 11.5, "row 2: low is above open or close"),
        ("open_time_ms", 0, "row 2: open time repeats"),
        ("open_time_ms", -5, "row 2: open time is before"),
        ("close", np.nan, "row 2: close is not a number"),
        ("open", np.inf, "row 2: open is not a number"),
        ("low", 0.0, "row 2: low is not positive"),
        ("volume", -1.0, "row 2: volume is negative"),
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
        (frame(0).astype({"open": str}).assign(open="ten"), "column 'open' holds something that is no number"),
    ],
)
def test_frame_that_is_no_table_of_bars_is_refused(bars: pd.DataFrame, problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        check_bars(bars, "bars.csv")


def test_coarser_bar_takes_first_open_last_close_extremes_and_sum() -> None:
    [row] = resample(frame(0, 1, 2), Timeframe.M5, Timeframe.M15).itertuples(index=False)
    assert tuple(row) == (0, 10.0, 14.0, 9.0, 13.0, 3.0)


def test_coarser_bars_with_a_hole_or_cut_off_are_left_out() -> None:
    bars = resample(frame(1, 2, 3, 4, 5, 6, 8, 9), Timeframe.M5, Timeframe.M15)
    assert bars["open_time_ms"].tolist() == [900_000]


def test_timeframe_that_is_no_multiple_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="cannot make 5m bars of 15m bars"):
        resample(frame(0), Timeframe.M15, Timeframe.M5)


@given(st.sets(st.integers(0, 60), min_size=1))
def test_resampling_in_two_steps_equals_one_step(opens: set[int]) -> None:
    bars = frame(*sorted(opens))
    by_quarters = resample(resample(bars, Timeframe.M5, Timeframe.M15), Timeframe.M15, Timeframe.H1)
    pd.testing.assert_frame_equal(by_quarters, resample(bars, Timeframe.M5, Timeframe.H1))


@pytest.mark.parametrize("symbol", ["BTCUSDT", "SOLUSDT", "ADAUSDT"])
def test_recorded_fine_bars_resample_exactly_to_the_recorded_coarse_ones(shared_data: Path, symbol: str) -> None:
    folder = shared_data / "candles"
    fine = pd.read_csv(folder / f"bybit_linear_{symbol}_5m_2025_26.csv.gz")
    coarse = pd.read_csv(folder / f"bybit_linear_{symbol}_4h_2025_26.csv.gz")
    check_bars(fine, "fine")
    made = resample(fine, Timeframe.M5, Timeframe.H4)
    both = made.merge(coarse, on="open_time_ms", suffixes=("", "_recorded"))
    assert len(both) >= len(coarse) - 1
    for name in ("open", "high", "low", "close"):
        assert (both[name] == both[f"{name}_recorded"]).all()
    np.testing.assert_allclose(both["volume"], both["volume_recorded"], rtol=1e-9)

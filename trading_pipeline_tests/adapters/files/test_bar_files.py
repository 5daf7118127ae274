"""Bars from CSV files."""

import gzip
from pathlib import Path

import pandas as pd
import pytest

from trading_pipeline.adapters.files.bar_files import read_bar_file
from trading_pipeline.domain.model.bars import BAR_COLUMNS
from trading_pipeline.domain.model.errors import ConfigurationError, DataError
from trading_pipeline.domain.model.timeframes import Timeframe

HOUR = 3_600_000
FIRST = 1_740_787_200_000
HEAD = "open_time_ms,open,high,low,close,volume"


def rows(count: int = 8) -> list[str]:
    return [
        f"{FIRST + step * HOUR},{100 + step},{102 + step},{99 + step},{101 + step},{5 + step}" for step in range(count)
    ]


def bar_file(folder: Path, lines: list[str], head: str = HEAD) -> Path:
    path = folder / "bars.csv"
    path.write_text("\n".join([head, *lines]) + "\n")
    return path


def test_a_file_becomes_a_frame_of_bars(tmp_path: Path) -> None:
    frame = read_bar_file(bar_file(tmp_path, rows()), "BTCUSDT", Timeframe.H1)
    assert tuple(frame.columns) == BAR_COLUMNS
    assert len(frame) == 8
    assert frame["open_time"].iloc[0] == pd.Timestamp("2025-03-01", tz="UTC")
    assert frame["close_time"].iloc[-1] == pd.Timestamp("2025-03-01 08:00", tz="UTC")
    assert frame["turnover"].iloc[1] == 102 * 6


def test_a_gzipped_file_reads_the_same(tmp_path: Path) -> None:
    plain = bar_file(tmp_path, rows())
    packed = tmp_path / "bars.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    one, other = (read_bar_file(path, "BTCUSDT", Timeframe.H1) for path in (plain, packed))
    pd.testing.assert_frame_equal(one, other)


def test_coarser_bars_are_made_of_whole_groups_only(tmp_path: Path) -> None:
    lines = rows(12)
    del lines[5]
    frame = read_bar_file(bar_file(tmp_path, lines), "BTCUSDT", Timeframe.H4)
    assert frame["open_time"].dt.hour.tolist() == [0, 8]
    first = frame.iloc[0]
    assert (first["open"], first["high"], first["low"], first["close"]) == (100, 105, 99, 104)
    assert first["volume"] == 5 + 6 + 7 + 8


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((2, f"{FIRST + 2 * HOUR},nan,104,101,103,7"), "row 3: open is not a number"),
        ((2, f"{FIRST + 2 * HOUR},102,104,101,,7"), "row 3: close is not a number"),
        ((2, f"{FIRST + 2 * HOUR},102,abc,101,103,7"), "'high' holds something that is no number"),
        ((2, f"{FIRST + HOUR},102,104,101,103,7"), "row 3: open time repeats the row before"),
        ((2, f"{FIRST},102,104,101,103,7"), "row 3: open time is before the row above"),
        ((2, f"{FIRST + 2 * HOUR},102,101,104,103,7"), "row 3: high is below low"),
        ((2, f"{FIRST + 2 * HOUR},-1,104,101,103,7"), "row 3: open is not positive"),
        ((2, f"{FIRST + 2 * HOUR},102,104,101,103,-7"), "row 3: volume is negative"),
        ((2, f"{FIRST + 2 * HOUR},102,104,101,103,0"), "volume is 0 in 1 of 8 bars, first in bar 3"),
        ((7, f"{FIRST + 7 * HOUR + 60_000},107,109,106,108,9"), "row 8 opens at .*, where no 1h bar opens"),
        ((2, f"{FIRST + HOUR + 420_000},102,104,101,103,7"), "row 3 opens 420 s after the row above"),
    ],
)
def test_a_bad_row_is_refused_by_its_number_and_problem(tmp_path: Path, change: tuple[int, str], message: str) -> None:
    lines = rows()
    lines[change[0]] = change[1]
    with pytest.raises(DataError, match=message) as refused:
        read_bar_file(bar_file(tmp_path, lines), "BTCUSDT", Timeframe.H1)
    assert "bars.csv" in str(refused.value)


def test_bars_without_volume_are_taken_when_asked_for(tmp_path: Path) -> None:
    lines = [f"{line.rsplit(',', 1)[0]},0" for line in rows()]
    frame = read_bar_file(bar_file(tmp_path, lines), "BTCUSDT", Timeframe.H1, allow_zero_volume=True)
    assert frame["volume"].tolist() == [0.0] * 8


def test_a_quiet_minute_inside_an_hour_is_no_bar_without_volume(tmp_path: Path) -> None:
    lines = rows()
    lines[1] = f"{lines[1].rsplit(',', 1)[0]},0"
    frame = read_bar_file(bar_file(tmp_path, lines), "BTCUSDT", Timeframe.H4)
    assert len(frame) == 2


def test_bars_cannot_be_made_finer(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="has 1h bars: 15m bars cannot be made of them"):
        read_bar_file(bar_file(tmp_path, rows()), "BTCUSDT", Timeframe.M15)


def test_too_few_bars_for_one_coarse_bar_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no 1d bar has all of its 1h bars"):
        read_bar_file(bar_file(tmp_path, rows()), "BTCUSDT", Timeframe.D1)


def test_a_missing_column_and_a_missing_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="column 'volume' is missing"):
        read_bar_file(bar_file(tmp_path, ["1,2,3,4,5"], HEAD.removesuffix(",volume")), "BTCUSDT", Timeframe.H1)
    with pytest.raises(ConfigurationError, match="no such file"):
        read_bar_file(tmp_path / "none.csv", "BTCUSDT", Timeframe.H1)


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b\x08\x00broken", b"\xff\xfe\x00\x01"])
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / ("bars.csv.gz" if content.startswith(b"\x1f") else "bars.csv")
    path.write_bytes(content)
    with pytest.raises((DataError, ConfigurationError), match=r"bars\.csv"):
        read_bar_file(path, "BTCUSDT", Timeframe.H1)


@pytest.mark.parametrize("place", [40, 60, -12])
def test_a_damaged_gzip_is_refused(tmp_path: Path, place: int) -> None:
    packed = bytearray(gzip.compress("\n".join([HEAD, *rows(500)]).encode()))
    packed[place : place + 8] = b"\xff" * 8
    path = tmp_path / "bars.csv.gz"
    path.write_bytes(packed)
    with pytest.raises((DataError, ConfigurationError), match=r"bars\.csv\.gz"):
        read_bar_file(path, "BTCUSDT", Timeframe.H1)


def test_recorded_five_minute_bars_make_the_recorded_four_hour_bars(shared_data: Path) -> None:
    folder = shared_data / "candles"
    made = read_bar_file(folder / "bybit_linear_ADAUSDT_5m_2025_26.csv.gz", "ADAUSDT", Timeframe.H4)
    told = read_bar_file(folder / "bybit_linear_ADAUSDT_4h_2025_26.csv.gz", "ADAUSDT", Timeframe.H4)
    both = made.merge(told, on="open_time", suffixes=("", "_told"))
    assert len(both) > 1_700
    for name in ("open", "high", "low", "close"):
        assert both[name].equals(both[f"{name}_told"])

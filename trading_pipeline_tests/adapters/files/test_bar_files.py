"""Bars from CSV files."""

import gzip
import zipfile
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
    frame = read_bar_file(bar_file(tmp_path, rows()), "BTCUSDT", Timeframe.H1).frame
    assert tuple(frame.columns) == BAR_COLUMNS
    assert len(frame) == 8
    assert frame["open_time"].iloc[0] == pd.Timestamp("2025-03-01", tz="UTC")
    assert frame["close_time"].iloc[-1] == pd.Timestamp("2025-03-01 08:00", tz="UTC")
    assert frame["turnover"].iloc[1] == 102 * 6


def test_a_gzipped_file_reads_the_same(tmp_path: Path) -> None:
    plain = bar_file(tmp_path, rows())
    packed = tmp_path / "bars.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    one, other = (read_bar_file(path, "BTCUSDT", Timeframe.H1).frame for path in (plain, packed))
    pd.testing.assert_frame_equal(one, other)


def test_coarser_bars_need_whole_groups_and_count_leftovers(tmp_path: Path) -> None:
    lines = rows(12)
    del lines[5]
    read = read_bar_file(bar_file(tmp_path, lines), "BTCUSDT", Timeframe.H4)
    assert read.frame["open_time"].dt.hour.tolist() == [0, 8]
    first = read.frame.iloc[0]
    assert (first["open"], first["high"], first["low"], first["close"]) == (100, 105, 99, 104)
    assert first["volume"] == 5 + 6 + 7 + 8
    assert read.note.endswith("bars.csv: 3 of 11 1h bars are left out, as others of their 4h bars are missing")


def test_nothing_is_said_where_no_row_is_left_out(tmp_path: Path) -> None:
    path = bar_file(tmp_path, rows(8))
    assert [read_bar_file(path, "BTCUSDT", timeframe).note for timeframe in (Timeframe.H1, Timeframe.H4)] == ["", ""]


def in_microseconds(lines: list[str]) -> list[str]:
    return [f"{line.partition(',')[0]}000,{line.partition(',')[2]}" for line in lines]


@pytest.mark.parametrize("timeframe", [Timeframe.H1, Timeframe.H4])
def test_a_switch_to_microseconds_is_refused_by_row(tmp_path: Path, timeframe: Timeframe) -> None:
    # 48 hours in milliseconds, then 48 in microseconds: an hour of these is a multiple of an hour of those
    lines = rows(96)
    path = bar_file(tmp_path, lines[:48] + in_microseconds(lines[48:]))
    with pytest.raises(DataError, match="row 49: open_time_ms 1740960000000000 is in microseconds, the rows above"):
        read_bar_file(path, "BTCUSDT", timeframe)
    assert len(read_bar_file(bar_file(tmp_path, lines), "BTCUSDT", Timeframe.H4).frame) == 24


def test_a_comma_at_the_end_of_rows_changes_nothing(tmp_path: Path) -> None:
    plain = read_bar_file(bar_file(tmp_path, rows()), "BTCUSDT", Timeframe.H1).frame
    ended = read_bar_file(bar_file(tmp_path, [f"{line}," for line in rows()]), "BTCUSDT", Timeframe.H1).frame
    pd.testing.assert_frame_equal(plain, ended)


def test_a_value_that_the_header_does_not_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"bars.csv: rows have 7 fields and the header 6"):
        read_bar_file(bar_file(tmp_path, [f"{line},1002.5" for line in rows()]), "BTCUSDT", Timeframe.H1)


def test_a_zipped_file_reads_the_same(tmp_path: Path) -> None:
    plain, packed = bar_file(tmp_path, rows()), tmp_path / "bars.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(plain, "BTCUSDT-1h.csv")
    one, other = (read_bar_file(path, "BTCUSDT", Timeframe.H1).frame for path in (plain, packed))
    pd.testing.assert_frame_equal(one, other)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((2, f"{FIRST + 2 * HOUR},nan,104,101,103,7"), "row 3: open is not a number"),
        ((2, f"{FIRST + 2 * HOUR},102,104,101,,7"), "row 3: close is not a number"),
        ((2, f"{FIRST + 2 * HOUR},102,abc,101,103,7"), "row 3: high 'abc' is no number"),
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
    frame = read_bar_file(bar_file(tmp_path, lines), "BTCUSDT", Timeframe.H1, allow_zero_volume=True).frame
    assert frame["volume"].tolist() == [0.0] * 8


def test_a_quiet_minute_inside_an_hour_is_no_bar_without_volume(tmp_path: Path) -> None:
    lines = rows()
    lines[1] = f"{lines[1].rsplit(',', 1)[0]},0"
    frame = read_bar_file(bar_file(tmp_path, lines), "BTCUSDT", Timeframe.H4).frame
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


def test_recorded_five_minute_bars_make_the_recorded_four_hour_bars(samples: Path) -> None:
    made = read_bar_file(samples / "bars_5m" / "ADAUSDT_5m.csv.gz", "ADAUSDT", Timeframe.H4).frame
    told = read_bar_file(samples / "bars_4h" / "ADAUSDT_4h.csv.gz", "ADAUSDT", Timeframe.H4).frame
    both = made.merge(told, on="open_time", suffixes=("", "_told"))
    assert len(both) == len(made) == 204
    for name in ("open", "high", "low", "close"):
        assert both[name].equals(both[f"{name}_told"])

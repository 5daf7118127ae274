import gzip
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from trading_pipeline.domain.model.errors import ConfigurationError, DataError
from trading_pipeline.exchange_simulator.recorded_bars import load, read

HEADER = "open_time_ms,open,high,low,close,volume\n"
DAY_ONE = 1_748_736_000_000


def record(folder: Path, name: str, minutes: int, count: int = 288, price: float = 100.0) -> None:
    rows = [
        f"{DAY_ONE + n * minutes * 60_000},{price},{price + 1},{price - 1},{price + 0.5},2.25" for n in range(count)
    ]
    content = (HEADER + "\n".join(rows)).encode()
    (folder / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)


def test_venues_own_finest_file_that_covers_the_start_is_taken(tmp_path: Path) -> None:
    record(tmp_path, "binance_usdm_BTCUSDT_1m_x.csv.gz", 1, 1440, price=1)
    record(tmp_path, "bybit_linear_BTCUSDT_1m_mark.csv.gz", 1, 1440, price=2)
    record(tmp_path, "bybit_linear_BTCUSDT_1m_short.csv.gz", 1, 60, price=3)
    record(tmp_path, "bybit_linear_BTCUSDT_5m_2025.csv.gz", 5, price=4)
    record(tmp_path, "bybit_linear_BTCUSDT_15m_2025.csv.gz", 15, price=5)
    series, start = load(tmp_path, ("BTCUSDT",), datetime(2025, 6, 1, 12, tzinfo=UTC))
    assert series["BTCUSDT"].step_ms == 300_000
    assert series["BTCUSDT"].price(int(series["BTCUSDT"].open[0])) == 4
    assert start == datetime(2025, 6, 1, 12, tzinfo=UTC)


def test_without_a_start_the_middle_of_a_short_recording_is_taken(tmp_path: Path) -> None:
    record(tmp_path, "BTCUSDT_5m.csv", 5)
    _, start = load(tmp_path, ("BTCUSDT",), None)
    assert start == datetime(2025, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("symbols", "start", "problem"),
    [
        (("SOLUSDT",), None, "no bars of SOLUSDT"),
        (("BTCUSDT",), datetime(2025, 7, 1, tzinfo=UTC), "outside the bars of BTCUSDT: BTCUSDT_5m.csv 2025-06-01"),
        (("BTCUSDT",), datetime(2025, 6, 1, tzinfo=UTC), "outside the bars"),
    ],
)
def test_symbol_or_start_without_bars_is_refused(
    tmp_path: Path, symbols: tuple[str, ...], start: datetime | None, problem: str
) -> None:
    record(tmp_path, "BTCUSDT_5m.csv", 5)
    with pytest.raises(ConfigurationError, match=problem):
        load(tmp_path, symbols, start)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\x1f\x8b broken", "cannot be read as CSV"),
        (b"a,b\n1,2\n", "column 'open_time_ms' is missing"),
        (HEADER.encode() + b"0,10,9,11,10,1\n", "row 1: high is below low"),
        (HEADER.encode() + b"7,10,11,9,10,1\n", "row 1: open time 7 is no multiple"),
        (HEADER.encode(), "holds no bars"),
    ],
)
def test_unreadable_or_unsound_file_is_refused_by_name(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "BTCUSDT_5m.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=problem) as caught:
        read(path, 300_000)
    assert str(path) in str(caught.value)


def test_recorded_numbers_come_out_as_they_went_in(shared_data: Path) -> None:
    path = shared_data / "candles" / "bybit_linear_SOLUSDT_5m_2025_26.csv.gz"
    series, frame = read(path, 300_000), pd.read_csv(path, nrows=500)
    rows = [[float(value) for value in row[1:6]] for row in series.rows(0, 500)]
    assert rows == frame[["open", "high", "low", "close", "volume"]].to_numpy().tolist()


def test_coarse_bars_of_the_exchange_equal_the_recorded_coarse_bars(shared_data: Path) -> None:
    folder = shared_data / "candles"
    made = read(folder / "bybit_linear_BTCUSDT_5m_2025_26.csv.gz", 300_000).resampled(14_400_000)
    recorded = read(folder / "bybit_linear_BTCUSDT_4h_2025_26.csv.gz", 14_400_000)
    count = min(len(made.open_ms), len(recorded.open_ms))
    assert [row[:6] for row in made.rows(0, count)] == [row[:6] for row in recorded.rows(0, count)]

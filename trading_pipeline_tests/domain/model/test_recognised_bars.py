"""Files of bars as people have them."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from trading_pipeline.domain.model.bar_file_names import file_name_parts
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.recognised_bars import recognised_bars
from trading_pipeline.domain.model.timeframes import Timeframe

FIRST, HOUR = 1_740_787_200_000, 3_600_000
ROWS = [(FIRST + step * HOUR, 100.5 + step, 102.0 + step, 99.25 + step, 101.0 + step, 5.0 + step) for step in range(6)]
TURNOVER = [row[4] * row[5] + 0.5 for row in ROWS]
OURS = "open_time_ms,open,high,low,close,volume"
BINANCE = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
)


def written(moment: Callable[[int], object], separator: str = ",") -> list[str]:
    return [separator.join([str(moment(row[0])), *(str(value) for value in row[1:])]) for row in ROWS]


def iso(moment: int, form: str = "%Y-%m-%dT%H:%M:%SZ") -> str:
    return pd.Timestamp(moment, unit="ms", tz="UTC").strftime(form)


def binance(per_ms: int) -> list[str]:
    return [
        f"{row[0] * per_ms},{','.join(map(str, row[1:]))},{(row[0] + HOUR) * per_ms - 1},{amount},7,1.0,1.0,0"
        for row, amount in zip(ROWS, TURNOVER, strict=True)
    ]


def cryptodatadownload() -> list[str]:
    rows = [
        f"{row[0]},{iso(row[0], '%Y-%m-%d %H:%M:%S')},BTC/USDT,{','.join(map(str, row[1:]))},{amount},9"
        for row, amount in zip(ROWS, TURNOVER, strict=True)
    ]
    head = "unix,date,symbol,open,high,low,close,Volume BTC,Volume USDT,tradecount"
    return ["https://www.CryptoDataDownload.com", head, *reversed(rows)]


TEXTS = {
    "BTCUSDT_1h.csv": ["open_time_ms,open,high,low,close,volume", *written(int)],
    "BTCUSDT-1h-2025-03.csv": [BINANCE, *binance(1)],
    "BTCUSDT-1h-2025-02.csv": binance(1_000),
    "BTCUSDT-1h-2024-12.csv": binance(1),
    "BTCUSDT_60_2025-03-01_2025-03-31.csv": written(lambda at: iso(at, "%Y.%m.%d %H:%M")),
    "Binance_BTCUSDT_1h.csv": cryptodatadownload(),
    "BINANCE_BTCUSDT, 60.csv": ["time,open,high,low,close,Volume,Volume MA", *[f"{x},1" for x in written(iso)]],
    "BYBIT_BTCUSDT.P, 60_1f2e3.csv": ["time,open,high,low,close,Volume", *written(lambda at: at // 1000)],
    "BTCUSDT-1h.txt": ["Open Time;Open;High;Low;Close;Volume", *written(iso, ";")],
    "BTCUSDT-60.csv": ["datetime|o|h|l|c|v", *written(lambda at: iso(at, "%Y-%m-%d %H:%M:%S+00:00"), "|")],
    "BTC_USDT-1h.json": [json.dumps(ROWS)],
    "BTCUSDT_1h.jsonl": [
        json.dumps(dict(zip(("timestamp", "open", "high", "low", "close", "volume"), r, strict=True))) for r in ROWS
    ],
}


def agrees(content: bytes, name: str) -> None:
    found = recognised_bars(content, f"/somewhere/{name}")
    assert found.symbol == "BTCUSDT"
    assert found.timeframe is Timeframe.H1
    columns = found.frame[["open_time_ms", "open", "high", "low", "close", "volume"]]
    np.testing.assert_array_equal(columns.to_numpy(), np.array(ROWS))
    if "turnover" in found.columns:
        assert found.frame["turnover"].tolist() == TURNOVER


@pytest.mark.parametrize("name", TEXTS)
def test_the_same_bars_are_read_however_people_write_them(name: str) -> None:
    content = ("\n".join(TEXTS[name]) + "\n").encode()
    agrees(content, name)
    agrees(gzip.compress(content), f"{name}.gz")


def frame() -> pd.DataFrame:
    rows = pd.DataFrame(ROWS, columns=["date", "open", "high", "low", "close", "volume"])
    return rows.assign(date=pd.to_datetime(rows["date"], unit="ms", utc=True))


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_feather_and_parquet_are_read_as_freqtrade_and_pandas_write_them(unit: str) -> None:
    rows = frame().assign(date=frame()["date"].dt.as_unit(unit))
    feather, parquet, indexed = io.BytesIO(), io.BytesIO(), io.BytesIO()
    rows.to_feather(feather, compression="lz4")
    agrees(feather.getvalue(), "BTC_USDT_USDT-1h-futures.feather")
    rows.to_parquet(parquet)
    agrees(parquet.getvalue(), "BTCUSDT_1h.parquet")
    rows.set_index("date").to_parquet(indexed)
    agrees(indexed.getvalue(), "BTCUSDT.parquet")


def test_a_zip_of_binance_is_read_by_the_name_outside() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("BTCUSDT-1h-2025-02.csv", "\n".join(binance(1_000)))
    agrees(buffer.getvalue(), "BTCUSDT-1h-2025-02.zip")


def test_what_was_recognised_is_told_with_its_holes() -> None:
    lines = cryptodatadownload()
    del lines[4]
    told = recognised_bars("\n".join(lines).encode(), "Binance_BTCUSDT_1h.csv").described()
    assert told == [
        "format: CSV with commas, one line above the header; newest row first, turned round",
        "columns: open_time_ms from 'unix', volume from 'Volume BTC', turnover from 'Volume USDT'",
        "times: milliseconds",
        "bars: BTCUSDT, 1h, 5 from 2025-03-01T00:00Z to 2025-03-01T06:00Z",
        "missing: 1 after 2025-03-01T02:00Z",
    ]


@pytest.mark.parametrize(
    ("name", "lines", "problem"),
    [
        ("BTCUSDT_1h.csv", binance(1)[:3] + binance(1_000)[3:], "row 4: column 1 1740798000000000 is in microseconds"),
        ("BTCUSDT_1h.csv", ["open_time_ms,open,high,low,close,volume", *written(lambda at: at * 1000)], "open_time_ms"),
        (
            "BTCUSDT_1h.csv",
            ["time,open,high,low,close", "1,2,3,4,5"],
            "column 'volume' is missing; .*the file has time",
        ),
        ("BTCUSDT_1h.csv", ["1740787200000,1,2,0.5,1.5"], "names no columns and has 5; of 6, 7, 12 the order is known"),
        ("BTCUSDT_1h.csv", ["time,Time,open,high,low,close,volume", "1,1,2,3,4,5,6"], "could both be time"),
        ("BTCUSDT_1h.csv", ["date,open,high,low,close,volume", "01/02/2025,1,2,1,2,3"], "'01/02/2025' is no time"),
        ("ETHUSDT_1h.csv", cryptodatadownload(), "its rows are of BTCUSDT, its name says ETHUSDT"),
        ("a.json", ["{}"], "is no list of rows"),
        ("a.json", ["[" * 100_000], "is no JSON"),
        ("a.jsonl", ["[1,2]", "[1,2,3]"], "row 2 of 2 has other fields than row 1"),
        ("a.parquet", ["PAR1 no"], "is no sound Parquet"),
        ("a.feather", ["no"], "is no sound Feather"),
        (
            "a.csv",
            [f"{OURS},close", *(f"{row},5" for row in written(int))],
            "'close' and 'close.1' could both be close",
        ),
        (
            "a.csv",
            [OURS, *written(int)[:2], f"{FIRST + 2 * HOUR},1_02,103,101,102,7"],
            "row 3: open '1_02' is no number",
        ),
        ("a.csv", [OURS, *(row.replace(",5.0", ',"1,000"') for row in written(int))], "row 1: volume '1,000' is no"),
        ("a.json", [json.dumps([[row[0], True, *row[2:]] for row in ROWS])], "row 1: open 'True' is no number"),
        ("a.json", [json.dumps([[row[0], [1], *row[2:]] for row in ROWS])], r"row 1: open '\[1\]' is no number"),
        ("a.csv", [OURS[:-7], *(row.rpartition(",")[0] for row in written(int))], "column 'volume' is missing"),
        (
            "a.csv",
            ["time,open,high,low,close,volume", *written(iso)[:2], *written(lambda at: iso(at)[:-1])[2:]],
            "row 3: time '2025-03-01T02:00:00' has no offset from UTC, unlike the rows above",
        ),
        (
            "a.csv",
            ["time,open,high,low,close,volume", *written(lambda at: f"{iso(at)[:-1]} CET")],
            "row 1: time '2025-03-01T00:00:00 CET' is no time",
        ),
        ("a.csv", [",".join(f"c{n}" for n in range(201)), ",".join("1" for _ in range(201))], "has 201 columns"),
    ],
)
def test_what_cannot_be_told_for_certain_is_refused(name: str, lines: list[str], problem: str) -> None:
    with pytest.raises(DataError, match=problem) as refused:
        recognised_bars("\n".join(lines).encode(), name)
    assert str(refused.value).startswith(name)


def test_clocks_that_are_put_forward_and_back_are_read_by_their_offsets() -> None:
    moments = ["2025-10-26T01:00+02:00", "2025-10-26T02:00+02:00", "2025-10-26T02:00+01:00", "2025-10-26T03:00+01:00"]
    lines = ["time,open,high,low,close,volume", *(f"{at},1,2,1,1,1" for at in moments)]
    found = recognised_bars("\n".join(lines).encode(), "a.csv").frame["open_time_ms"]
    assert np.diff(found).tolist() == [HOUR] * 3


def test_a_file_of_several_symbols_is_refused() -> None:
    head = "start_at,symbol,period,open,high,low,close,volume"
    rows = [f"{FIRST // 1000 + 60 * n},{name},1,1,2,1,2,3" for n, name in enumerate(("BTCUSDT", "ETHUSDT"))]
    with pytest.raises(DataError, match=r"several symbols \(BTCUSDT, ETHUSDT\); write one file for each"):
        recognised_bars("\n".join([head, *rows]).encode(), "bars.csv")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("BTCUSDT_1h.csv", b"," * 900_000),
        ("BTCUSDT_1h.csv", b"1740787200000" + b",1" * 400_000),
        ("BTCUSDT_1h.json", json.dumps([list(range(100_000))]).encode()),
        ("BTCUSDT_1h.json", json.dumps([{str(number): 1 for number in range(50_000)}]).encode()),
    ],
    ids=["commas", "numbers", "a list", "an object"],
)
def test_a_megabyte_of_columns_is_refused_before_anybody_reads_them(name: str, content: bytes) -> None:
    with pytest.raises(DataError, match="columns; a table of bars has a dozen"):
        recognised_bars(content, name)


def test_a_file_beyond_the_limit_is_refused_before_it_is_read() -> None:
    with pytest.raises(DataError, match="more than 10 bytes"):
        recognised_bars(b"x" * 11, "a.csv", most_bytes=10)


@pytest.mark.parametrize(
    ("name", "symbol", "timeframe"),
    [
        ("BTCUSDT-1h-2024-01.zip", "BTCUSDT", "1h"),
        ("BTC_USDT_USDT-5m-futures.feather", "BTCUSDT", "5m"),
        ("1000PEPEUSDT_1d.csv", "1000PEPEUSDT", "1d"),
        ("BYBIT_BTCUSDT.P, 1D.csv", "BTCUSDT", "1d"),
        ("Binance_BTCUSDT_minute.csv", "BTCUSDT", ""),
        ("bybit_linear_SOLUSDT_4h_2025_26.csv.gz", "SOLUSDT", "4h"),
        ("bars.csv", "", ""),
    ],
)
def test_the_name_of_a_file_tells_symbol_and_timeframe(name: str, symbol: str, timeframe: str) -> None:
    told = file_name_parts(name)
    assert (told.symbol, told.timeframe) == (symbol, timeframe)

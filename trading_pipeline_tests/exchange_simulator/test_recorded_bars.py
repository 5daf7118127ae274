import gzip
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from trading_pipeline.domain.model.errors import ConfigurationError, DataError
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.exchange_simulator.assembly import assemble
from trading_pipeline.exchange_simulator.coarse_bars import CoarseBars
from trading_pipeline.exchange_simulator.configuration import Configuration
from trading_pipeline.exchange_simulator.execution_profile import ExecutionProfile
from trading_pipeline.exchange_simulator.intervals import INTERVALS
from trading_pipeline.exchange_simulator.order_entry import create
from trading_pipeline.exchange_simulator.payloads.klines import forming_row
from trading_pipeline.exchange_simulator.payloads.positions import position_payload
from trading_pipeline.exchange_simulator.recorded_bars import Recording, load, read
from trading_pipeline.exchange_simulator.walking import advance

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


@pytest.mark.parametrize("other", ["3m", "2h", "6h", "12h", "3d", "1w", "1M"])
def test_a_file_of_a_timeframe_that_is_not_read_is_left_aside(tmp_path: Path, other: str) -> None:
    record(tmp_path, "BTCUSDT_5m.csv", 5)
    record(tmp_path, f"BTCUSDT_{other}.csv", 3, price=7)
    series, _ = load(tmp_path, ("BTCUSDT",), None)
    assert series["BTCUSDT"].step_ms == 300_000


def test_the_files_that_are_left_aside_are_named_where_no_other_is_there(tmp_path: Path) -> None:
    for name in ("BTCUSDT_3m.csv", "BTCUSDT-3m-2025-01.zip", "BTCUSDT_5m_mark.csv", "BTCUSDT_5m.csv.zst", "SOL_5m.csv"):
        record(tmp_path, name, 3)
    named = "among BTCUSDT-3m-2025-01.zip, BTCUSDT_3m.csv, BTCUSDT_5m.csv.zst and 1 more; expected a file such as"
    with pytest.raises(ConfigurationError, match=named):
        load(tmp_path, ("BTCUSDT",), None)


def test_a_zipped_recording_serves_its_symbol(tmp_path: Path) -> None:
    record(tmp_path, "source.csv", 5)
    with zipfile.ZipFile(tmp_path / "BTCUSDT_5m.zip", "w") as archive:
        archive.write(tmp_path / "source.csv", "bars.csv")
    series, _ = load(tmp_path, ("BTCUSDT",), None)
    assert len(series["BTCUSDT"].open_ms) == 288


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
        ("\udc8b broken", "is no text in UTF-8"),
        ("a,b\n1,2\n", "column 'open_time_ms' is missing"),
        (f"{HEADER}{DAY_ONE},10,9,11,10,1\n", "row 1: high is below low"),
        (f"{HEADER}{DAY_ONE + 7},10,11,9,10,1\n", "row 1 opens at .*, where no 5m bar opens"),
        (f"{HEADER}{DAY_ONE},10,11,9,10,1\n{DAY_ONE + 60_000},10,11,9,10,1\n", "holds 1m bars, the name says 5m"),
        (f"{HEADER}{DAY_ONE // 1000},10,11,9,10,1\n", "row 1: open_time_ms 1748736000 is in seconds"),
        (f"{HEADER}{DAY_ONE},10,11,9,10,1,100\n", "rows have 7 fields and the header 6"),
        (f"{HEADER}{DAY_ONE},1e-8,1e8,1e-8,1,1\n", "row 1: open 1e-08 needs more decimals than the 6"),
        (f"{HEADER}{DAY_ONE},1e-23,1e-23,1e-23,1e-23,1\n", "row 1: open 1e-23 needs more decimals than the 22"),
        (f"{HEADER}{DAY_ONE},1,1,1,1,4e16\n", "row 1: volume 4e.16 is too large"),
        (f"{HEADER}{DAY_ONE},9e7,9e7,9e7,9e7,9e7\n", "row 1: turnover 8.1e.15 is too large"),
        (HEADER, "holds no bars"),
    ],
)
def test_unreadable_or_unsound_file_is_refused_by_name(tmp_path: Path, content: str, problem: str) -> None:
    path = tmp_path / "BTCUSDT_5m.csv"
    path.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(DataError, match=problem) as caught:
        read(Recording(path, Timeframe.M5))
    assert str(path) in str(caught.value)


def test_recorded_numbers_come_out_as_they_went_in(samples: Path) -> None:
    path = samples / "bars_5m" / "SOLUSDT_5m.csv.gz"
    series, frame = read(Recording(path, Timeframe.M5)), pd.read_csv(path, nrows=500)
    rows = [[float(value) for value in row[1:6]] for row in series.rows(0, 500)]
    assert rows == frame[["open", "high", "low", "close", "volume"]].to_numpy().tolist()


def test_coarse_bars_of_the_exchange_equal_the_recorded_coarse_bars(samples: Path) -> None:
    base = read(Recording(samples / "bars_5m" / "BTCUSDT_5m.csv.gz", Timeframe.M5))
    made = CoarseBars(base, INTERVALS["240"])
    recorded = read(Recording(samples / "bars_4h" / "BTCUSDT_4h.csv.gz", Timeframe.H4))
    count = len(recorded.open_ms)
    assert count == 84
    assert [row[:6] for row in made.rows(0, count)] == [row[:6] for row in recorded.rows(0, count)]


TINY = ["150e-{0},151e-{0},146e-{0},147e-{0}", "147e-{0},160e-{0},147e-{0},158e-{0}"]


@pytest.mark.parametrize("power", [10, 12, 16])
def test_tiny_prices_are_served_traded_and_reported_as_they_were_recorded(tmp_path: Path, power: int) -> None:
    rows = [f"{DAY_ONE + n * 300_000},{prices.format(power)},1000000" for n, prices in enumerate(TINY)]
    (tmp_path / "TINYUSDT_5m.csv").write_text(HEADER + "\n".join(rows) + "\n")
    start = datetime(2025, 6, 1, 0, 5, tzinfo=UTC)
    series, _ = load(tmp_path, ("TINYUSDT",), start)
    configuration = Configuration(("TINYUSDT",), lock_step=Timeframe.M5, profile=ExecutionProfile.IDEAL)
    exchange = assemble(configuration, series, start, "test").exchange

    def price(units: int) -> str:
        return f"{Decimal(units).scaleb(-power):f}"

    market = exchange.markets["TINYUSDT"]
    assert market.series(INTERVALS["5"]).rows(0, 1)[0][1:5] == [price(units) for units in (150, 151, 146, 147)]
    assert market.instrument.price_increment == Decimal(1).scaleb(-power)
    # 10 USDT at 147 units, all of it sold at 155 units on the way up to 160
    quantity = str(int(Decimal(10) / Decimal(price(147))))
    order = {"category": "linear", "symbol": "TINYUSDT", "qty": quantity}
    create(exchange, order | {"side": "Buy", "orderType": "Market", "takeProfit": price(155), "stopLoss": price(140)})
    assert position_payload(exchange, exchange.positions["TINYUSDT"])["avgPrice"] == price(147)
    advance(exchange, DAY_ONE + 600_000)
    assert [f"{execution.price:f}" for execution in exchange.executions] == [price(147), price(155)]
    assert exchange.account.realised == int(quantity) * (Decimal(price(155)) - Decimal(price(147)))
    assert forming_row(market, INTERVALS["5"], exchange.now_ms)[4] == price(158)

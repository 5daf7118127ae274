"""Histories in and out by hand: the commands, on a real database and a simulated exchange."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from sqlalchemy import Engine, NullPool, create_engine, text
from typer.testing import CliRunner

from trading_pipeline.cli.main import app
from trading_pipeline.domain.model.errors import ConfigurationError, TradingError
from trading_pipeline_tests.adapters.venues.simulator import Simulator, simulator
from trading_pipeline_tests.testkit.answering import answering

FIRST, HOUR = 1_740_787_200_000, 3_600_000


@pytest.fixture(scope="module")
def exchange() -> Iterator[Simulator]:
    with simulator("BTCUSDT") as running:
        yield running


@pytest.fixture
def environment(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("TRADING_STATE_DIR", str(tmp_path / "state"))


def said(*arguments: str, answer: str = "") -> str:
    result = CliRunner().invoke(app, list(arguments), input=answer)
    if isinstance(result.exception, TradingError):
        raise result.exception
    return result.output


def binance_file(folder: Path, name: str = "BTCUSDT-1h-2025-03.csv.gz") -> Path:
    rows = [
        f"{FIRST + n * HOUR}000,{100 + n}.5,{103 + n},{99 + n},{101 + n},5.25,{FIRST + n * HOUR}999,525,1,1,1,0"
        for n in range(30)
    ]
    path = folder / name
    path.write_bytes(gzip.compress("\n".join(rows).encode()))
    return path


@pytest.mark.usefixtures("environment")
def test_a_shown_file_is_taken_once_and_exported(tmp_path: Path, database: Engine) -> None:
    path = str(binance_file(tmp_path))
    shown = said("bars", "import", path, "--reason", "a try", answer="n\n")
    assert "times: microseconds" in shown
    assert "into: BTCUSDT.BYBIT 1h" in shown
    assert "30 of 30 bars are new" in said("bars", "import", path, "--reason", "hole of March", "--yes")
    assert "0 of 30 bars are new" in said("bars", "import", path, "--reason", "again", "--yes")
    query = text("SELECT params ->> 'reason', source, status, upserts FROM trading.backfill_runs ORDER BY started_at")
    with database.connect() as connection:
        records = [tuple(row) for row in connection.execute(query)]
    assert records == [("hole of March", "file", "SUCCEEDED", 30), ("again", "file", "SUCCEEDED", 30)]

    out = tmp_path / "out"
    assert "30 bars in 1 files" in said("bars", "export", str(out), "--symbol", "BTCUSDT", "--interval", "60")
    by_pandas = pd.read_parquet(out, filters=[("timeframe", "=", "1h")])
    assert by_pandas["close"].tolist() == [101.0 + n for n in range(30)]
    table = duckdb.read_parquet(f"{out}/**/*.parquet", hive_partitioning=True)
    summed = table.aggregate("instrument_id, timeframe, year, count(*), sum(turnover)")
    assert summed.fetchall() == [("BTCUSDT.BYBIT", "1h", 2025, 30, 30 * 525.0)]


@pytest.mark.usefixtures("environment")
def test_a_file_of_another_symbol_than_was_typed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="holds bars of BTCUSDT, not of ETHUSDT"):
        said("bars", "import", str(binance_file(tmp_path)), "--symbol", "ETHUSDT", "--reason", "x", "--yes")
    with pytest.raises(ConfigurationError, match="does not say whose bars it holds; give --symbol"):
        said("bars", "import", str(binance_file(tmp_path, "bars.csv.gz")), "--reason", "x", "--yes")


@pytest.mark.usefixtures("environment")
def test_days_of_the_venue_come_into_the_database_once(
    exchange: Simulator, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in exchange.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ADMIN_BACKFILL_ALLOWED_SYMBOLS", "BTCUSDT")
    asked = ("backfill", "btcusdt", "--interval", "5", "--days", "2", "--page", "100")
    assert "576 bars of 6 pages" in said(*asked)
    assert "0 bars of 0 pages" in said(*asked)
    engine = create_engine(database_url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM trading.bars")).scalar_one() == 576
    engine.dispose()
    with pytest.raises(ConfigurationError, match="symbol ETHUSDT may not be backfilled here; allowed: BTCUSDT"):
        said("backfill", "ETHUSDT")


@pytest.mark.usefixtures("environment")
def test_whole_days_are_launched_as_a_backfill_of_dagster(exchange: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    launched = {"launchPartitionBackfill": {"__typename": "LaunchBackfillSuccess", "backfillId": "abcdefgh"}}
    asked: list[dict[str, Any]] = []
    with answering(launched, asked=asked) as dagster:
        for name, value in {**exchange.environment(), "TRADING_DAGSTER_URL": dagster}.items():
            monkeypatch.setenv(name, value)
        told = said("backfill", "btcusdt", "--interval", "15", "--days", "2", "--mode", "async")
    assert told.startswith("launched abcdefgh: ")
    assert told.rstrip().endswith("/runs/b/abcdefgh")
    (question,) = asked
    params = question["variables"]["params"]
    assert params["assetSelection"] == [{"path": ["bars_15m"]}]
    assert params["partitionNames"] == ["2025-05-30|BTCUSDT.BYBIT", "2025-05-31|BTCUSDT.BYBIT"]


_FAILING_LATER = """
CREATE FUNCTION trading.fail_later() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM trading.raw_bars) >= 200 THEN {what}; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER fail_later BEFORE INSERT ON trading.raw_bars EXECUTE FUNCTION trading.fail_later();
"""
_FULL = "RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'"
_LOST = "PERFORM pg_terminate_backend(pg_backend_pid())"


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("what", "said_of_it"),
    [
        (_FULL, r"the disk of database .* is full .*No space left.* make room and run it again"),
        (_LOST, "cannot be reached"),
    ],
    ids=["a full disk", "a lost database"],
)
def test_a_backfill_that_cannot_store_stops_keeps_what_is_committed_and_goes_on_later(
    exchange: Simulator, database_url: str, monkeypatch: pytest.MonkeyPatch, what: str, said_of_it: str
) -> None:
    for name, value in exchange.environment().items():
        monkeypatch.setenv(name, value)
    asked = ("backfill", "btcusdt", "--interval", "5", "--days", "2", "--page", "20")
    engine = create_engine(database_url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text(_FAILING_LATER.format(what=what)))
    with pytest.raises(ConfigurationError, match=said_of_it):
        said(*asked)
    with engine.begin() as connection:
        kept = connection.execute(text("SELECT count(*) FROM trading.bars")).scalar_one()
        status, counted = connection.execute(text("SELECT status, upserts FROM trading.backfill_runs")).one()
        connection.execute(text("DROP TRIGGER fail_later ON trading.raw_bars"))
    assert (status, counted) == ("FAILED", kept)
    assert 200 <= kept < 576
    assert f"{576 - kept} bars" in said(*asked)
    engine.dispose()

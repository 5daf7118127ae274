"""The feed as a process: nothing is lost whatever breaks, and a wrong setting is one line."""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import redis
from sqlalchemy import TextClause, create_engine, text

from trading_pipeline.adapters.stores.market_data.bar_store import PostgresBarStore
from trading_pipeline.adapters.streams.redis_stream import RedisStream
from trading_pipeline.domain.model.bars import BarSource
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.orders import OrderIntent, OrderType, Purpose, Side
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.runtime.feed.process import run_feed
from trading_pipeline.runtime.supervision.embedded import EmbeddedPostgres
from trading_pipeline.settings import Settings
from trading_pipeline_tests.runtime.feed.feed_stage import PATIENCE_S, UNIVERSE, Stage, staged, until
from trading_pipeline_tests.testkit.builders import ACCOUNT

# each test goes on from where the one before it in this file left the exchange
pytestmark = pytest.mark.xdist_group("feed process")

QUARTER = timedelta(minutes=15)


@pytest.fixture(scope="module")
def stage(postgres: EmbeddedPostgres, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One stage for all: each test starts where the last one left the exchange."""
    name = f"feed_{uuid.uuid4().hex[:8]}"
    with create_engine(postgres.url("postgres", "psycopg"), isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template_trading"))
    with staged(postgres.url(name, "psycopg"), redis_url, tmp_path_factory.mktemp("feed")) as made:
        yield made


@pytest.fixture
def running(stage: Stage) -> Stage:
    """The stage with a listening feed."""
    if not stage.processes or stage.processes[-1].poll() is not None:
        stage.start_and_wait()
    return stage


def closes_since(stage: Stage, first: datetime, instrument_id: str) -> list[datetime]:
    return [close for heard, close in stage.bars() if heard == instrument_id and close >= first]


def test_every_close_arrives_in_every_timeframe(running: Stage) -> None:
    now = running.advance(4)
    until(lambda: running.bars("1h")[-2:] == [("BTCUSDT.BYBIT", now), ("SOLUSDT.BYBIT", now)], "the hour")
    assert closes_since(running, now - 3 * QUARTER, "BTCUSDT.BYBIT") == [
        now - index * QUARTER for index in (3, 2, 1, 0)
    ]
    assert redis.Redis.from_url(running.redis_url).xlen("stream:bar_close") == running.count("raw_bars")


def test_a_needed_book_is_kept_at_closes(running: Stage) -> None:
    now = running.advance(1)
    query = text("SELECT instrument_id, close_time, book_at FROM trading.book_samples WHERE close_time = :now")

    def kept() -> list[tuple[str, datetime, datetime]]:
        with running.database.connect() as connection:
            return [tuple(row) for row in connection.execute(query, {"now": now})]

    until(lambda: bool(kept()), "a sample")
    assert kept() == [("BTCUSDT.BYBIT", now, now)]


def test_market_conditions_are_kept_once_a_minute(running: Stage) -> None:
    now = running.advance(1)
    query = text("SELECT instrument_id, at FROM trading.tickers WHERE at > :before ORDER BY 1")

    def kept() -> list[tuple[str, datetime]]:
        with running.database.connect() as connection:
            return [tuple(row) for row in connection.execute(query, {"before": now - QUARTER})]

    until(lambda: len(kept()) == 2, "a ticker of each")
    assert kept() == [("BTCUSDT.BYBIT", now), ("SOLUSDT.BYBIT", now)]


def test_whole_books_and_trades_are_kept_where_research_wants_them(running: Stage) -> None:
    now = running.advance(1)
    query = text("""
        SELECT instrument_id, jsonb_array_length(bids), jsonb_array_length(asks)
        FROM trading.book_snapshots WHERE at = :now ORDER BY 1
    """)
    traded = text("""
        SELECT bar.instrument_id FROM trading.raw_bars AS bar
        WHERE bar.timeframe = '15m' AND bar.close_time = :now AND bar.volume = (
            SELECT sum(quantity) FROM trading.public_trades AS trade
            WHERE trade.instrument_id = bar.instrument_id AND at > bar.open_time AND at <= bar.close_time
        )
        ORDER BY 1
    """)

    def rows(asked: TextClause) -> list[tuple[object, ...]]:
        with running.database.connect() as connection:
            return [tuple(row) for row in connection.execute(asked, {"now": now})]

    until(lambda: len(rows(query)) == 2, "a book of each")
    assert rows(query) == [("BTCUSDT.BYBIT", 50, 50), ("SOLUSDT.BYBIT", 50, 50)]
    until(lambda: len(rows(traded)) == 2, "trades that add up to the volume of the bar")


def test_a_malformed_frame_is_dead_lettered_and_the_feed_goes_on(running: Stage) -> None:
    running.exchange.fault("malformed_frame")
    running.advance(1)

    def letters() -> set[tuple[str, str]]:
        return {(one.source, one.payload[:9]) for one in RedisStream(running.redis_url).dead_letters(10)}

    until(lambda: len(letters()) == 3, "a letter of each stream")
    assert letters() == {(f"feed.{stream}", '{"topic":') for stream in ("public", "conditions", "private")}
    assert running.processes[-1].poll() is None


def test_a_broken_connection_loses_no_bar(running: Stage) -> None:
    first = running.advance(1)
    running.exchange.fault("disconnect")
    running.advance(3)
    assert closes_since(running, first, "BTCUSDT.BYBIT") == [first + index * QUARTER for index in range(4)]
    until(running.listening, "both streams are back")


def test_the_feed_shows_that_it_lives(running: Stage) -> None:
    def detail() -> str:
        with running.database.connect() as connection:
            return str(
                connection.execute(text("SELECT detail FROM trading.heartbeats WHERE component = 'feed'")).scalar()
            )

    until(lambda: detail() == "feed.public up, feed.private up, feed.conditions up", "a heartbeat")


def test_a_killed_feed_catches_up_without_a_hole(running: Stage) -> None:
    first = running.advance(1)
    running.exchange.trading().submit(an_entry("heard"))
    until(lambda: running.count("fills") == 1, "the pushed fill")
    running.processes[-1].kill()
    running.exchange.trading().submit(an_entry("missed"))
    for _ in range(5):
        last = running.exchange.advance()
    running.start()
    until(lambda: running.bars()[-1][1] == last, "the bars that closed while it was dead")
    assert closes_since(running, first, "SOLUSDT.BYBIT") == [first + index * QUARTER for index in range(6)]
    until(lambda: running.count("fills") == 2, "the fill made while it was dead")


def test_a_request_to_end_is_obeyed(running: Stage) -> None:
    until(running.listening, "both streams are up")
    running.processes[-1].terminate()
    assert running.processes[-1].wait(PATIENCE_S) == 0


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"BYBIT_API_KEY": "WRONG"}, "BYBIT_API_KEY"),
        ({"BYBIT_API_SECRET": "wrong"}, "BYBIT_API_SECRET"),
        ({"DATABASE_URL": ""}, "DATABASE_URL"),
        ({"BYBIT_REST_URL": ""}, "BYBIT_REST_URL"),
        ({"TRADING_CONFIG_DIR": "/nowhere"}, "universe.yaml"),
    ],
)
def test_a_wrong_setting_is_named(stage: Stage, changes: dict[str, str], names: str) -> None:
    with pytest.raises(ConfigurationError, match=names):
        run_feed(Settings.model_validate({**stage.environment, **changes}))


def test_an_unknown_symbol_is_one_line_and_exit_code_two(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "universe.yaml").write_text(UNIVERSE.format("BTCUSDT, NOSUCHUSDT"))
    assert stage.start(TRADING_CONFIG_DIR=str(tmp_path)).wait(PATIENCE_S) == 2
    last = stage.log.read_text().strip().splitlines()[-1]
    assert last.startswith("trading-pipeline: ")
    assert "NOSUCHUSDT.BYBIT" in last


def test_a_second_system_on_the_same_account_is_refused_by_name(running: Stage) -> None:
    until(running.listening, "both streams are up")
    second = running.start(TRADING_INSTANCE="the other machine")
    assert second.wait(PATIENCE_S) == 2
    running.processes.pop()
    assert "and this is 'the other machine'; stop the other" in running.log.read_text()
    assert running.processes[-1].poll() is None


def test_a_system_whose_account_was_taken_over_ends_its_feed(running: Stage) -> None:
    until(running.listening, "both streams are up")
    with running.database.begin() as connection:
        connection.execute(text("UPDATE trading.account_leases SET instance = 'the other machine', token = token + 1"))
    assert running.processes[-1].wait(PATIENCE_S) == 2
    assert "is traded by instance 'the other machine'" in running.log.read_text().splitlines()[-1]
    with running.database.begin() as connection:
        connection.execute(text("DELETE FROM trading.account_leases"))


def test_a_delisted_instrument_leaves_others_their_bars(running: Stage, tmp_path: Path) -> None:
    until(running.listening, "both streams are up")
    until(lambda: len(running.bars()) > 0, "bars are stored")
    running.processes[-1].terminate()
    assert running.processes[-1].wait(PATIENCE_S) == 0
    store = PostgresBarStore(running.database)
    gone = InstrumentId("GONEUSDT.BYBIT")
    heard = store.raw_bars([InstrumentId("SOLUSDT.BYBIT")], Timeframe.M15, datetime(2025, 1, 1, tzinfo=UTC), NEVER)
    store.append_raw([replace(bar, instrument_id=gone) for bar in heard], BarSource.WEBSOCKET)
    (tmp_path / "universe.yaml").write_text(UNIVERSE.format("SOLUSDT, GONEUSDT"))
    running.start(TRADING_CONFIG_DIR=str(tmp_path))
    until(lambda: "no longer listed" in running.log.read_text(), "the instrument is named")
    last = running.exchange.advance()
    until(lambda: running.bars()[-1][1] == last, "bars of the other instrument go on")


NEVER = datetime(2030, 1, 1, tzinfo=UTC)


def an_entry(link_id: str) -> OrderIntent:
    """A market buy of one SOL."""
    return OrderIntent(
        order_link_id=link_id,
        account_id=ACCOUNT,
        plan_id=link_id,
        purpose=Purpose.ENTRY,
        instrument_id=InstrumentId("SOLUSDT.BYBIT"),
        side=Side.BUY,
        order_type=OrderType.MARKET,
        quantity=Decimal(1),
        price=None,
        stop_loss=None,
        reduce_only=False,
        valid_until=datetime(2030, 1, 1, tzinfo=UTC),
        run_id="run",
    )

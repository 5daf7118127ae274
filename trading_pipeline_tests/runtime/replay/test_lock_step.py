from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest
from sqlalchemy import Engine, NullPool, create_engine, insert, text

from trading_pipeline.adapters.stores.execution.ledger import PostgresLedger
from trading_pipeline.adapters.stores.execution.ledger_rows import new_position_values
from trading_pipeline.adapters.stores.operations.progress import progress
from trading_pipeline.adapters.stores.postgres.tables import positions
from trading_pipeline.adapters.stores.research.replay_facts import replay_facts
from trading_pipeline.domain.model.backfills import partition_keys
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.orders import OrderIntent, OrderType, Purpose, Side, order_link_id
from trading_pipeline.domain.model.plans import PlanStatus, TradePlan
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.portfolio.exits import ALWAYS_VALID
from trading_pipeline.runtime.replay.backfill import launch_backfill, wait_for_backfill
from trading_pipeline.runtime.replay.lock_step import ExchangeClock, replay
from trading_pipeline.runtime.replay.report import ReportHeader, report_rows
from trading_pipeline_tests.adapters.venues.simulator import Simulator, simulator
from trading_pipeline_tests.testkit.answering import answering
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.execution_lab import store_plan, trade_plan

QUARTER = [Timeframe.M15]


def compute(database: Engine, wave: datetime) -> None:
    """Store the wave as computed, as the pipeline does."""
    columns, values = "(close_time, timeframe, computed_at)", "(:wave, '15m', now())"
    statement = text(f"INSERT INTO trading.waves {columns} VALUES {values} ON CONFLICT DO NOTHING")
    with database.begin() as connection:
        connection.execute(statement, {"wave": wave})


@pytest.fixture
def exchange() -> Iterator[Simulator]:
    with simulator() as running:
        yield running


def test_a_database_that_is_just_being_started_again_is_waited_for(
    exchange: Simulator, database: Engine, database_url: str
) -> None:
    refused = [1, 2, 3]

    def connected() -> psycopg.Connection[tuple[object, ...]]:
        if refused and refused.pop():
            raise psycopg.OperationalError("the database system is starting up")
        return psycopg.connect(database_url.replace("+psycopg", ""))

    clock = ExchangeClock(exchange.rest_url)
    engine = create_engine("postgresql+psycopg://", creator=connected, poolclass=NullPool)
    until = datetime.fromisoformat(str(clock.status()["now"])) + timedelta(minutes=15)
    assert replay(clock, engine, QUARTER, until, lambda wave: compute(database, wave), wave_timeout_s=20.0) == 1
    assert not refused


def test_the_exchange_moves_on_only_when_a_wave_is_settled(exchange: Simulator, database: Engine) -> None:
    clock = ExchangeClock(exchange.rest_url)
    start = datetime.fromisoformat(str(clock.status()["now"]))
    seen: list[datetime] = []

    def pipeline(wave: datetime) -> None:
        assert clock.status()["now"] == wave.isoformat()
        seen.append(wave)
        compute(database, wave)

    assert replay(clock, database, QUARTER, start + timedelta(hours=1), pipeline) == 4
    assert sorted(set(seen)) == [start + count * timedelta(minutes=15) for count in (1, 2, 3, 4)]


def resting_orders_around(exchange: Simulator, plan: TradePlan) -> None:
    """A buy and a sell half a promille from the price: the next quarter of an hour meets one of them."""
    last = exchange.market_data().order_book(plan.instrument_id).bids[0][0]
    around = ((Purpose.TAKE_PROFIT_1, Side.SELL, "1.0005"), (Purpose.TAKE_PROFIT_2, Side.BUY, "0.9995"))
    for purpose, side, share in around:
        price = exchange.market_data().instruments()[plan.instrument_id].round_price(last * Decimal(share))
        link_id = order_link_id(plan.plan_id, purpose)
        terms = (
            link_id,
            ACCOUNT,
            plan.plan_id,
            purpose,
            plan.instrument_id,
            side,
            OrderType.LIMIT,
            Decimal("0.001"),
            price,
        )
        exchange.trading().submit(OrderIntent(*terms, None, reduce_only=False, valid_until=ALWAYS_VALID, run_id="test"))


def test_the_exchange_waits_until_a_fill_is_booked(exchange: Simulator, database: Engine) -> None:
    clock = ExchangeClock(exchange.rest_url)
    start = datetime.fromisoformat(str(clock.status()["now"]))
    resting_orders_around(exchange, trade_plan())
    ledger, stood = PostgresLedger(database, ACCOUNT), []

    def pipeline(instant: datetime) -> None:
        assert clock.status()["now"] == instant.isoformat()
        stood.append(instant)
        if QUARTER[0].closes_at(instant):
            compute(database, instant)
        for fill in exchange.trading().fills(start):
            ledger.apply_fill(fill)

    assert replay(clock, database, QUARTER, start + timedelta(minutes=15), pipeline) == 1
    assert start < stood[0] < stood[-1] == start + timedelta(minutes=15)


def test_an_event_that_nobody_answers_is_named_with_what_is_left(exchange: Simulator, database: Engine) -> None:
    clock = ExchangeClock(exchange.rest_url)
    start = datetime.fromisoformat(str(clock.status()["now"]))
    resting_orders_around(exchange, trade_plan())
    with pytest.raises(DataError, match=r"account event at .* does not settle within 0 s: .*fills=0"):
        replay(clock, database, QUARTER, start + timedelta(hours=1), lambda instant: None, wave_timeout_s=0.1)


@pytest.mark.parametrize(("followed", "left"), [(1, 1), (2, 0)])
def test_a_fill_that_was_not_followed_keeps_the_clock(database: Engine, followed: int, left: int) -> None:
    plan = trade_plan()
    store_plan(database, plan, PlanStatus.EXECUTED)
    position = new_position_values(plan, ACCOUNT, "USDT", plan.stop_price)
    counts = {"status": "open", "booked_fills": 2, "followed_fills": followed}
    with database.begin() as connection:
        connection.execute(insert(positions).values(**(position | counts)))
    state = progress(database, None, [])
    assert (state.unfollowed_positions, state.settled(0)) == (left, not left)


def test_a_wave_that_nobody_computes_is_named_with_what_is_left(exchange: Simulator, database: Engine) -> None:
    clock = ExchangeClock(exchange.rest_url)
    start = datetime.fromisoformat(str(clock.status()["now"]))
    with pytest.raises(DataError, match=r"T00:15:00\+00:00 does not settle within 0 s: .*uncomputed=1"):
        replay(clock, database, QUARTER, start + timedelta(hours=1), lambda wave: None, wave_timeout_s=0.1)


def test_partition_keys_are_every_symbol_of_every_day() -> None:
    keys = partition_keys(date(2025, 2, 28), 2, ["BTCUSDT.BYBIT", "SOLUSDT.BYBIT"])
    assert keys == [
        "2025-02-28|BTCUSDT.BYBIT",
        "2025-02-28|SOLUSDT.BYBIT",
        "2025-03-01|BTCUSDT.BYBIT",
        "2025-03-01|SOLUSDT.BYBIT",
    ]


def launched(**answer: str) -> dict[str, object]:
    return {"launchPartitionBackfill": answer}


def at(status: str) -> dict[str, object]:
    return {"partitionBackfillOrError": {"status": status}}


def test_a_backfill_has_the_id_that_dagster_gave_it() -> None:
    with answering(launched(__typename="LaunchBackfillSuccess", backfillId="abc")) as webserver:
        assert launch_backfill(webserver, ["bars_15m"], ["2025-01-02|BTCUSDT.BYBIT"], "title") == "abc"


def test_a_backfill_that_dagster_refuses_says_why() -> None:
    refusal = launched(__typename="PartitionKeysNotFoundError", message="no such partition")
    with answering(refusal) as webserver, pytest.raises(DataError, match="1 partitions refused: no such partition"):
        launch_backfill(webserver, ["bars_15m"], ["1999-01-01|BTCUSDT.BYBIT"], "title")


def test_waiting_ends_when_the_backfill_is_complete() -> None:
    waited: list[int] = []
    with answering(at("REQUESTED"), at("REQUESTED"), at("COMPLETED_SUCCESS")) as webserver:
        wait_for_backfill(webserver, "abc", 60, lambda: waited.append(1))
    assert len(waited) == 2


@pytest.mark.parametrize("status", ["FAILED", "CANCELED", "COMPLETED_FAILED"])
def test_a_backfill_that_failed_is_an_error(status: str) -> None:
    with answering(at(status)) as webserver, pytest.raises(DataError, match=f"abc ended as {status}"):
        wait_for_backfill(webserver, "abc", 60)


def test_a_backfill_that_takes_too_long_is_an_error() -> None:
    with answering(at("REQUESTED")) as webserver, pytest.raises(DataError, match="abc is not complete after 0 s"):
        wait_for_backfill(webserver, "abc", 0)


def test_a_report_of_nothing_says_so(database: Engine) -> None:
    start = datetime.fromisoformat("2025-06-02T00:00:00+00:00")
    header = ReportHeader("generated bars, seed 7", ("BTCUSDT.BYBIT",), start, start + timedelta(days=1), 1, 2.0, 3.0)
    lines = dict(report_rows(header, replay_facts(database, start, start + timedelta(days=1))))
    assert lines["closed trades"] == "0 (none)"
    assert lines["close → order acknowledged"] == "nothing to measure"

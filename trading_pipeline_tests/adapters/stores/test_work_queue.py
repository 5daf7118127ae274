from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, insert

from trading_pipeline.adapters.stores.ledger import PostgresLedger
from trading_pipeline.adapters.stores.progress import progress
from trading_pipeline.adapters.stores.replay_facts import replay_facts
from trading_pipeline.adapters.stores.tables import waves
from trading_pipeline.adapters.stores.work_queue import WorkQueue
from trading_pipeline.domain.model.plans import PlanStatus
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline_tests.testkit.trading_desk import WAVE, Lab, store_plan, trade_plan

CLOSING = [Timeframe.M15, Timeframe.H1]


def a_wave(database: Engine, timeframe: Timeframe, computed: bool = True) -> None:
    at = datetime.now(UTC) if computed else None
    with database.begin() as connection:
        connection.execute(insert(waves).values(close_time=WAVE, timeframe=timeframe.value, computed_at=at))


@pytest.mark.parametrize("status", PlanStatus)
def test_only_new_plans_wait(database: Engine, status: PlanStatus) -> None:
    store_plan(database, trade_plan(), status)
    waiting = WorkQueue(database).waiting_plans()
    assert [one.plan_id for one in waiting] == ([trade_plan().plan_id] if status is PlanStatus.NEW else [])


def test_a_plan_whose_claim_ran_out_waits_under_the_name_of_who_had_it(database: Engine) -> None:
    lab = Lab(database)
    store_plan(database, trade_plan())
    PostgresLedger(database).claim("run-1", WAVE, timedelta(minutes=5))
    assert WorkQueue(database).waiting_plans() == []
    lab.end_leases()
    (waiting,) = WorkQueue(database).waiting_plans()
    assert (waiting.claimed_by, waiting.symbol, waiting.close_time) == ("run-1", "BTCUSDT", WAVE)


def test_nothing_is_unmanaged_without_a_position(database: Engine) -> None:
    a_wave(database, Timeframe.M15)
    assert WorkQueue(database).unmanaged_wave() is None


def test_a_wave_is_unsettled_until_each_of_its_timeframes_is_computed(database: Engine) -> None:
    a_wave(database, Timeframe.M15)
    assert not progress(database, WAVE, CLOSING).settled(0)
    a_wave(database, Timeframe.H1, computed=False)
    assert progress(database, WAVE, CLOSING).uncomputed == 1
    assert progress(database, WAVE, [Timeframe.M15]).settled(0)


@pytest.mark.parametrize(
    ("status", "settled"),
    [
        (PlanStatus.NEW, False),
        (PlanStatus.CLAIMED, False),
        (PlanStatus.EXECUTED, True),
        (PlanStatus.HISTORICAL, True),
    ],
)
def test_a_wave_is_unsettled_while_a_plan_waits(database: Engine, status: PlanStatus, settled: bool) -> None:
    a_wave(database, Timeframe.M15)
    store_plan(database, trade_plan(), status)
    assert progress(database, WAVE, [Timeframe.M15]).settled(0) is settled


def test_a_wave_is_unsettled_while_the_venue_counts_more_fills_than_are_booked(database: Engine) -> None:
    a_wave(database, Timeframe.M15)
    state = progress(database, WAVE, [Timeframe.M15])
    assert (state.settled(0), state.settled(1)) == (True, False)


def test_an_empty_ledger_is_zeros_and_nothing_to_measure(database: Engine) -> None:
    facts = replay_facts(database, WAVE - timedelta(days=1), WAVE)
    assert set(facts.counts.values()) == {0}
    assert (facts.pnl_usdt, facts.pnl_r, facts.trades, facts.equity) == (0, 0, (), ())
    assert facts.order_latency.p50_s is None


def test_waves_and_plans_count_inside_the_window_only(database: Engine) -> None:
    a_wave(database, Timeframe.M15)
    a_wave(database, Timeframe.H1)
    store_plan(database, trade_plan())
    inside = replay_facts(database, WAVE - timedelta(minutes=15), WAVE)
    assert (inside.counts["waves"], inside.counts["plans"], inside.plan_statuses) == (1, 1, {"new": 1})
    assert inside.plan_latency.p50_s is not None
    outside = replay_facts(database, WAVE, WAVE + timedelta(days=1))
    assert (outside.counts["waves"], outside.counts["plans"]) == (0, 0)

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, update

from trading_pipeline.adapters.stores.execution.ledger_plans import PlanQueueStore
from trading_pipeline.adapters.stores.execution.work_queue import WorkQueue
from trading_pipeline.adapters.stores.market_data.wave_store import PostgresWaveStore
from trading_pipeline.adapters.stores.operations.progress import progress
from trading_pipeline.adapters.stores.postgres.tables import positions
from trading_pipeline.adapters.stores.research.replay_facts import replay_facts
from trading_pipeline.domain.model.plans import PlanStatus
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, store_plan, store_wave, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

CLOSING = [Timeframe.M15, Timeframe.H1]


@pytest.mark.parametrize("status", PlanStatus)
def test_only_new_plans_wait(database: Engine, status: PlanStatus) -> None:
    store_plan(database, trade_plan(), status)
    waiting = WorkQueue(database).waiting_plans()
    assert [one.plan_id for one in waiting] == ([trade_plan().plan_id] if status is PlanStatus.NEW else [])


@pytest.mark.parametrize("status", PlanStatus)
def test_of_plans_only_a_claimed_one_goes_on(database: Engine, status: PlanStatus) -> None:
    store_plan(database, trade_plan(), status)
    assert WorkQueue(database).goes_on() is (status is PlanStatus.CLAIMED)


def test_a_position_goes_on_until_it_is_closed(database: Engine) -> None:
    lab = Lab(database)
    store_plan(database, trade_plan())
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    while_open = WorkQueue(database).goes_on()
    with database.begin() as connection:
        connection.execute(update(positions).values(status="closed"))
    assert (while_open, WorkQueue(database).goes_on()) == (True, False)


NEXT = WAVE + timedelta(minutes=15)
Heard = dict[tuple[Timeframe, int], bool]


@pytest.mark.parametrize(
    ("heard", "waits"),
    [
        ({(Timeframe.M15, 0): True}, True),
        ({(Timeframe.M15, 0): True, (Timeframe.H1, 0): True}, True),
        ({(Timeframe.M15, 0): True, (Timeframe.H1, 0): False}, False),
        ({(Timeframe.M15, 0): True, (Timeframe.H1, 0): False, (Timeframe.M15, 1): False}, False),
        (
            {
                (Timeframe.M15, 0): True,
                (Timeframe.H1, 0): False,
                (Timeframe.M15, 1): True,
                (Timeframe.H1, 1): False,
            },
            False,
        ),
        ({(Timeframe.M15, 0): True, (Timeframe.H1, 0): False, (Timeframe.M15, 1): True}, True),
    ],
    ids=[
        "its own timeframe is all that closed",
        "all that closed is computed",
        "another timeframe is not computed",
        "the next close is not computed either",
        "nor is the whole of the next close",
        "the other failed for good: the next close is there",
    ],
)
def test_a_plan_waits_for_the_whole_of_its_close(database: Engine, heard: Heard, waits: bool) -> None:
    """One close is one decision; ``heard`` says of a timeframe, so many quarters after the plan's close, if it is
    computed."""
    plan = trade_plan()
    store_plan(database, plan)
    for (timeframe, quarters), computed in heard.items():
        store_wave(database, timeframe, WAVE + quarters * timedelta(minutes=15), computed=computed)
    assert [one.plan_id for one in WorkQueue(database).waiting_plans()] == [plan.plan_id] * waits
    assert PlanQueueStore(database).claim("run-1", WAVE, timedelta(minutes=5)).plans == (plan,) * waits


def test_a_timeframe_given_up_holds_nothing_back(database: Engine) -> None:
    lab = Lab(database)
    store_plan(database, trade_plan())
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    store_plan(database, trade_plan("SOLUSDT.BYBIT", close_time=NEXT))
    store_wave(database, Timeframe.M15, NEXT)
    store_wave(database, Timeframe.H1, NEXT, computed=False)
    work, waves = WorkQueue(database), PostgresWaveStore(database)
    assert (work.waiting_plans(), work.unmanaged_wave()) == ([], None)
    waves.give_up(NEXT)
    assert ([one.instrument_id for one in work.waiting_plans()], work.unmanaged_wave()) == (["SOLUSDT.BYBIT"], NEXT)


def test_a_close_of_which_nothing_was_computed_manages_nothing(database: Engine) -> None:
    lab = Lab(database)
    store_plan(database, trade_plan())
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    store_wave(database, Timeframe.M15, NEXT, computed=False)
    PostgresWaveStore(database).give_up(NEXT)
    assert WorkQueue(database).unmanaged_wave() is None


@pytest.mark.parametrize(("hourly_computed", "managed"), [(True, NEXT), (False, WAVE)])
def test_positions_are_managed_for_whole_closes_only(
    database: Engine, hourly_computed: bool, managed: datetime
) -> None:
    lab = Lab(database)
    plan = trade_plan(close_time=WAVE - timedelta(minutes=15))
    lab.clock.set(plan.close_time)
    store_plan(database, plan)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    for at in (WAVE, NEXT):
        store_wave(database, Timeframe.M15, at)
    store_wave(database, Timeframe.H1, NEXT, computed=hourly_computed)
    assert WorkQueue(database).unmanaged_wave() == managed


def test_an_expired_claim_waits_under_its_owners_name(database: Engine) -> None:
    lab = Lab(database)
    store_plan(database, trade_plan())
    PlanQueueStore(database).claim("run-1", WAVE, timedelta(minutes=5))
    assert WorkQueue(database).waiting_plans() == []
    lab.end_leases()
    (waiting,) = WorkQueue(database).waiting_plans()
    assert (waiting.claimed_by, waiting.instrument_id, waiting.close_time) == ("run-1", "BTCUSDT.BYBIT", WAVE)


def test_nothing_is_unmanaged_without_a_position(database: Engine) -> None:
    store_wave(database, Timeframe.M15)
    assert WorkQueue(database).unmanaged_wave() is None


def test_a_wave_is_unsettled_until_each_of_its_timeframes_is_computed(database: Engine) -> None:
    store_wave(database, Timeframe.M15)
    assert not progress(database, WAVE, CLOSING).settled(0)
    store_wave(database, Timeframe.H1, computed=False)
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
    store_wave(database, Timeframe.M15)
    store_plan(database, trade_plan(), status)
    assert progress(database, WAVE, [Timeframe.M15]).settled(0) is settled


def test_a_wave_is_unsettled_while_fills_are_unbooked(database: Engine) -> None:
    store_wave(database, Timeframe.M15)
    state = progress(database, WAVE, [Timeframe.M15])
    assert (state.settled(0), state.settled(1)) == (True, False)


def test_an_empty_ledger_is_zeros_and_nothing_to_measure(database: Engine) -> None:
    facts = replay_facts(database, WAVE - timedelta(days=1), WAVE)
    assert set(facts.counts.values()) == {0}
    assert (facts.pnl_usdt, facts.pnl_r, facts.trades, facts.equity) == (0, 0, (), ())
    assert facts.order_latency.p50_s is None


def test_waves_and_plans_count_inside_the_window_only(database: Engine) -> None:
    store_wave(database, Timeframe.M15)
    store_wave(database, Timeframe.H1)
    store_plan(database, trade_plan())
    inside = replay_facts(database, WAVE - timedelta(minutes=15), WAVE)
    assert (inside.counts["waves"], inside.counts["plans"], inside.plan_statuses) == (1, 1, {"new": 1})
    assert inside.plan_latency.p50_s is not None
    outside = replay_facts(database, WAVE, WAVE + timedelta(days=1))
    assert (outside.counts["waves"], outside.counts["plans"]) == (0, 0)

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from sqlalchemy import insert, update

from trading_pipeline.adapters.stores.execution.ledger_plans import PlanQueueStore
from trading_pipeline.adapters.stores.postgres.tables import positions, trade_plans, waves
from trading_pipeline.defs.execution import sensors
from trading_pipeline.domain.model.plans import PlanStatus
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline_tests.defs.pipeline_stage import PipelineStage, utc
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.execution_lab import WAVE, store_plan, store_wave, trade_plan

LATER = WAVE + timedelta(minutes=15)


@pytest.fixture(autouse=True)
def short_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tick that finds nothing ends soon."""
    monkeypatch.setattr(sensors, "POLL_S", 0.1)
    monkeypatch.setattr(sensors, "_LOOK_AGAIN_S", 0.1)
    monkeypatch.setattr(sensors, "_REST_S", 0.1)


def ticked(stage: PipelineStage) -> list[dg.RunRequest]:
    with dg.build_sensor_context(instance=stage.instance, resources=stage.resources()) as context:
        result = sensors.trade_plan_sensor(context)
        assert isinstance(result, dg.SensorResult)
        return list(result.run_requests or [])


def a_run(stage: PipelineStage, request: dg.RunRequest, status: dg.DagsterRunStatus) -> None:
    run = dg.DagsterRun(str(request.job_name), run_id=str(uuid.uuid4()), tags=dict(request.tags), status=status)
    stage.instance.add_run(run)


def open_position(stage: PipelineStage, managed_through: datetime | None, timeframe: Timeframe = Timeframe.M15) -> None:
    plan = replace(trade_plan(), timeframe=timeframe)
    store_plan(stage.engine, plan, PlanStatus.EXECUTED)
    row = {
        "position_id": plan.plan_id,
        "plan_id": plan.plan_id,
        "instrument_id": plan.instrument_id,
        "timeframe": plan.timeframe.value,
        "bias": plan.bias.value,
        "status": "open",
        "quantity": 1,
        "entry_quantity": 1,
        "entry_price": 1000,
        "initial_stop_price": 990,
        "stop_price": 990,
        "realised_pnl": 0,
        "fees": 0,
        "funding": 0,
        "opened_at": WAVE,
        "managed_through": managed_through,
        "account_id": ACCOUNT,
        "settlement_currency": "USDT",
    }
    with stage.engine.begin() as connection:
        connection.execute(insert(positions).values(row))


def a_wave(stage: PipelineStage, close_time: datetime, computed: bool) -> None:
    at = datetime.now(UTC) if computed else None
    with stage.engine.begin() as connection:
        connection.execute(insert(waves).values(close_time=close_time, timeframe="15m", computed_at=at))


def test_all_new_plans_are_one_tagged_run(stage: PipelineStage) -> None:
    plans = [trade_plan("BTCUSDT.BYBIT"), trade_plan("SOLUSDT.BYBIT")]
    for plan in plans:
        store_plan(stage.engine, plan)
    (request,) = ticked(stage)
    assert request.job_name == "execute_plans"
    assert set(request.tags["plan"].split(",")) == {plan.plan_id for plan in plans}
    assert request.tags["instrument_ids"] == "BTCUSDT.BYBIT,SOLUSDT.BYBIT"
    assert (request.tags["wave"], request.tags["strategy"]) == (utc(WAVE), "ema_atr")


@pytest.mark.parametrize("status", [one for one in PlanStatus if one not in (PlanStatus.NEW, PlanStatus.CLAIMED)])
def test_a_plan_that_is_history_never_starts_a_run(stage: PipelineStage, status: PlanStatus) -> None:
    store_plan(stage.engine, trade_plan(), status)
    assert ticked(stage) == []


def test_plans_under_way_are_not_requested_twice(stage: PipelineStage) -> None:
    store_plan(stage.engine, trade_plan())
    (request,) = ticked(stage)
    a_run(stage, request, dg.DagsterRunStatus.STARTED)
    assert ticked(stage) == []


def test_plans_whose_run_failed_before_it_claimed_them_are_requested_again(stage: PipelineStage) -> None:
    store_plan(stage.engine, trade_plan())
    (first,) = ticked(stage)
    a_run(stage, first, dg.DagsterRunStatus.FAILURE)
    (second,) = ticked(stage)
    assert (second.tags["plan"], second.run_key == first.run_key) == (first.tags["plan"], False)


def test_a_claim_counts_until_its_lease_is_over(stage: PipelineStage) -> None:
    plan = trade_plan()
    store_plan(stage.engine, plan)
    PlanQueueStore(stage.engine).claim("run-1", WAVE, timedelta(minutes=5))
    assert ticked(stage) == []
    with stage.engine.begin() as connection:
        connection.execute(update(trade_plans).values(claimed_until=datetime(2000, 1, 1, tzinfo=UTC)))
    (request,) = ticked(stage)
    assert request.tags["plan"] == plan.plan_id


@pytest.mark.parametrize("managed_through", [None, WAVE])
def test_an_open_position_is_managed_once_the_next_wave_is_computed(
    stage: PipelineStage, managed_through: datetime | None
) -> None:
    open_position(stage, managed_through)
    a_wave(stage, LATER, computed=False)
    assert ticked(stage) == []
    with stage.engine.begin() as connection:
        connection.execute(update(waves).values(computed_at=datetime.now(UTC)))
    (request,) = ticked(stage)
    assert request.job_name == "manage_positions"
    assert request.run_config == {"ops": {"manage": {"config": {"close_time": utc(LATER)}}}}


def test_shorter_waves_manage_a_longer_timeframes_position(stage: PipelineStage) -> None:
    open_position(stage, WAVE, Timeframe.H4)
    a_wave(stage, LATER, computed=True)
    (request,) = ticked(stage)
    assert request.run_config == {"ops": {"manage": {"config": {"close_time": utc(LATER)}}}}


def test_a_position_that_was_managed_for_the_wave_is_left_alone(stage: PipelineStage) -> None:
    open_position(stage, LATER)
    a_wave(stage, LATER, computed=True)
    assert ticked(stage) == []


def test_a_wave_with_both_leaves_before_it_enters(stage: PipelineStage) -> None:
    open_position(stage, WAVE)
    store_plan(stage.engine, trade_plan("SOLUSDT.BYBIT", close_time=LATER))
    a_wave(stage, LATER, computed=True)
    (request,) = ticked(stage)
    assert request.job_name == "manage_and_execute"
    assert request.run_config == {"ops": {"manage": {"config": {"close_time": utc(LATER)}}}}
    assert (request.tags["wave"], request.tags["instrument_ids"]) == (utc(LATER), "SOLUSDT.BYBIT")
    a_run(stage, request, dg.DagsterRunStatus.STARTED)
    assert ticked(stage) == []


def test_plans_wait_until_their_close_is_computed(stage: PipelineStage) -> None:
    store_plan(stage.engine, trade_plan())
    store_wave(stage.engine, Timeframe.M15)
    store_wave(stage.engine, Timeframe.H1, computed=False)
    assert ticked(stage) == []
    with stage.engine.begin() as connection:
        connection.execute(update(waves).values(computed_at=datetime.now(UTC)))
    (request,) = ticked(stage)
    assert (request.job_name, request.tags["plan"]) == ("execute_plans", trade_plan().plan_id)


def test_what_cannot_be_left_is_not_added_to(stage: PipelineStage) -> None:
    open_position(stage, WAVE)
    a_wave(stage, LATER, computed=True)
    (managing,) = ticked(stage)
    a_run(stage, managing, dg.DagsterRunStatus.STARTED)
    store_plan(stage.engine, trade_plan("SOLUSDT.BYBIT", close_time=LATER))
    assert ticked(stage) == []

"""Booked fills become one run at a time."""

import uuid
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import dagster as dg
import pytest
from sqlalchemy import update

from trading_pipeline.adapters.stores.postgres.tables import positions, trade_plans
from trading_pipeline.defs.execution import fill_sensor as sensors
from trading_pipeline.defs.execution.sensors import management_key
from trading_pipeline.defs.operations.attempts import lives
from trading_pipeline.domain.model.entry_orders import EntryOrder
from trading_pipeline.domain.model.orders import OrderType
from trading_pipeline.domain.model.plans import PlanStatus
from trading_pipeline_tests.defs.pipeline_stage import PipelineStage
from trading_pipeline_tests.defs.test_trade_plan_sensor import a_wave
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans


@pytest.fixture(autouse=True)
def short_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tick that finds nothing ends soon."""
    monkeypatch.setattr(sensors, "POLL_S", 0.1)
    monkeypatch.setattr(sensors, "look_again_s", lambda _: 0.1)


@pytest.fixture
def lab(stage: PipelineStage) -> Lab:
    """An account with one open long whose first target has filled, and whose fill was booked."""
    lab = Lab(stage.engine)
    store_plan(stage.engine, trade_plan())
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    lab.venue.on_fill = lab.ledger.apply_fill
    lab.venue.move("BTCUSDT.BYBIT", Decimal(1010))
    return lab


def ticked(stage: PipelineStage) -> list[dg.RunRequest]:
    with dg.build_sensor_context(instance=stage.instance, resources=stage.resources()) as context:
        result = sensors.fill_sensor(context)
        assert isinstance(result, dg.SensorResult)
        return list(result.run_requests or [])


def a_run(stage: PipelineStage, request: dg.RunRequest, status: dg.DagsterRunStatus) -> None:
    run = dg.DagsterRun("follow_fills", run_id=str(uuid.uuid4()), tags=dict(request.tags), status=status)
    stage.instance.add_run(run)


def test_an_unfollowed_fill_is_one_tagged_run(stage: PipelineStage, lab: Lab) -> None:
    (request,) = ticked(stage)
    assert request.tags["fills"] == f"{trade_plan().plan_id}:2"


def test_a_limit_entry_that_rests_is_looked_at_again_and_again(
    stage: PipelineStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab, plan = Lab(stage.engine), replace(trade_plan(), entry_order=EntryOrder(OrderType.LIMIT))
    store_plan(stage.engine, plan)
    lab.venue.prices[plan.instrument_id] = Decimal(1005)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    (first,) = ticked(stage)
    assert first.tags["fills"].startswith(f"{plan.plan_id}@")
    monkeypatch.setattr(sensors, "_ENTRY_S", 1e-9)
    (second,) = ticked(stage)
    assert second.run_key != first.run_key


def test_nothing_is_requested_while_a_run_is_on_its_way(stage: PipelineStage, lab: Lab) -> None:
    (request,) = ticked(stage)
    a_run(stage, request, dg.DagsterRunStatus.STARTED)
    assert ticked(stage) == []
    lab.venue.move("BTCUSDT.BYBIT", Decimal(1020))
    assert ticked(stage) == []


def test_a_run_that_failed_is_requested_again_under_a_new_key(stage: PipelineStage, lab: Lab) -> None:
    (first,) = ticked(stage)
    a_run(stage, first, dg.DagsterRunStatus.FAILURE)
    (second,) = ticked(stage)
    assert (second.tags["work"], second.run_key == first.run_key) == (first.tags["work"], False)


def test_fills_that_were_followed_ask_for_nothing(stage: PipelineStage, lab: Lab) -> None:
    lab.ledger.mark_followed(trade_plan().plan_id, 2)
    assert ticked(stage) == []


def test_a_waiting_waves_run_follows_the_fills(stage: PipelineStage, lab: Lab) -> None:
    with stage.engine.begin() as connection:
        connection.execute(update(positions).values(opened_at=WAVE))
    a_wave(stage, WAVE + timedelta(minutes=15), computed=True)
    assert ticked(stage) == []


def test_fills_do_not_wait_for_an_abandoned_wave(stage: PipelineStage, lab: Lab) -> None:
    wave = WAVE + timedelta(minutes=15)
    with stage.engine.begin() as connection:
        connection.execute(update(positions).values(opened_at=WAVE))
    a_wave(stage, wave, computed=True)
    run = dg.DagsterRun(
        "manage_positions",
        run_id=str(uuid.uuid4()),
        tags={"work": management_key(wave), **lives(timedelta(0))},
        status=dg.DagsterRunStatus.FAILURE,
    )
    stage.instance.add_run(run)
    assert len(ticked(stage)) == 1


def test_the_run_that_holds_the_plan_follows_its_fills_itself(stage: PipelineStage, lab: Lab) -> None:
    with stage.engine.begin() as connection:
        connection.execute(update(trade_plans).values(status=PlanStatus.CLAIMED.value))
    assert ticked(stage) == []

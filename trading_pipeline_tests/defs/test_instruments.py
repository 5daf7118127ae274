"""Instruments are read every day and after a refusal; what has changed is told."""

from dataclasses import replace

import dagster as dg

from trading_pipeline.defs.market_data.instruments import instruments, refused_order_sensor
from trading_pipeline.domain.model.errors import OrderRejectedByVenue
from trading_pipeline.domain.model.instruments import InstrumentStatus
from trading_pipeline_tests.defs.pipeline_stage import INSTRUMENT_IDS, PipelineStage
from trading_pipeline_tests.testkit.builders import instrument
from trading_pipeline_tests.testkit.execution_lab import Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans


def read(stage: PipelineStage) -> tuple[bool, str]:
    """Materialise the asset; whether its check passed, and what it said."""
    result = dg.materialize([instruments], instance=stage.instance, resources=stage.resources())
    (verdict,) = result.get_asset_check_evaluations()
    return verdict.passed, verdict.description or ""


def test_a_delisting_is_an_event_and_turns_the_check_red(stage: PipelineStage) -> None:
    assert read(stage) == (True, "sound")
    first = INSTRUMENT_IDS[0]
    stage.markets.data.changed[first] = replace(instrument(first), status=InstrumentStatus.DELIVERING)
    passed, said = read(stage)
    assert not passed
    assert said == f"{first}: it is delivering and not in trading"
    assert stage.rows("SELECT kind, instrument_id, severity FROM quality_events") == [
        ("instrument_changed", first, "important")
    ]


def looked(stage: PipelineStage, cursor: str | None = None) -> dg.SensorResult | dg.SkipReason:
    """What the sensor wants after a look."""
    with dg.build_sensor_context(instance=stage.instance, resources=stage.resources(), cursor=cursor) as context:
        result = refused_order_sensor(context)
    assert isinstance(result, dg.SensorResult | dg.SkipReason)
    return result


def test_a_refused_order_has_instruments_read_once(stage: PipelineStage) -> None:
    assert isinstance(looked(stage), dg.SkipReason)
    lab = Lab(stage.engine)
    lab.venue.faults["submit"] = [OrderRejectedByVenue("110017", "the quantity is below the minimum")]
    store_plan(stage.engine, trade_plan())
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    wanted = looked(stage)
    assert isinstance(wanted, dg.SensorResult)
    assert len(wanted.run_requests or []) == 1
    assert isinstance(looked(stage, wanted.cursor), dg.SkipReason)

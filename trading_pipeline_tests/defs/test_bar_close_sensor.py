import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import dagster as dg
import pytest

from trading_pipeline.adapters.stores.market_data.wave_store import PostgresWaveStore
from trading_pipeline.defs.market_data import sensors
from trading_pipeline.defs.market_data.jobs import wave_assets
from trading_pipeline.defs.market_data.partitions import UNIVERSE
from trading_pipeline.domain.model.events import Event
from trading_pipeline.domain.model.timeframes import Timeframe, closing_timeframes
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.ports.streams import EventStream
from trading_pipeline_tests.defs.pipeline_stage import DAY, INSTRUMENT_IDS, HeardAlerts, PipelineStage, utc
from trading_pipeline_tests.testkit.fakes_market_data import ListStream

QUARTER = DAY + timedelta(minutes=15)
HOUR = DAY + timedelta(hours=1)


class Bell(ListStream):
    """Does something whenever somebody waits, and counts how often."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        super().__init__()
        self.waits = 0
        self._meanwhile = meanwhile

    def wait(self, kind: type[Event], after: str, timeout_s: float) -> str:
        self.waits += 1
        self._meanwhile()
        return str(self.waits)


@dataclass
class Bells:
    """In place of ``Events``: hands out one bell."""

    bell: Bell

    def stream(self) -> EventStream:
        return self.bell


@pytest.fixture(autouse=True)
def short_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tick that finds nothing ends soon."""
    monkeypatch.setattr(sensors, "_POLL_S", 1.5)


def ticked(stage: PipelineStage, events: Bells | None = None, alerts: HeardAlerts | None = None) -> list[dg.RunRequest]:
    told = dg.ResourceDefinition.hardcoded_resource(alerts or HeardAlerts())
    resources = {**stage.resources(), "alerts": told}
    if events is not None:
        resources["events"] = dg.ResourceDefinition.hardcoded_resource(events)
    with dg.build_sensor_context(instance=stage.instance, resources=resources) as context:
        result = sensors.bar_close_sensor(context)
        assert isinstance(result, dg.SensorResult)
        return list(result.run_requests or [])


def a_run(stage: PipelineStage, request: dg.RunRequest, status: dg.DagsterRunStatus) -> None:
    run = dg.DagsterRun(job_name="bar_close", run_id=str(uuid.uuid4()), tags=dict(request.tags), status=status)
    stage.instance.add_run(run)


def test_a_closing_instant_becomes_one_run(stage: PipelineStage) -> None:
    for timeframe in (Timeframe.M15, Timeframe.M30, Timeframe.H1):
        stage.hear(INSTRUMENT_IDS, timeframe, HOUR)
    (request,) = ticked(stage)
    assert request.asset_selection == wave_assets([Timeframe.M15, Timeframe.M30, Timeframe.H1])
    assert request.tags["wave"] == utc(HOUR)
    assert request.tags["instrument_ids"] == ",".join(INSTRUMENT_IDS)
    assert request.tags["dagster/asset_partition_range_start"] == "2025-01-02|BTCUSDT.BYBIT"
    assert request.tags["dagster/asset_partition_range_end"] == "2025-01-02|ADAUSDT.BYBIT"


def test_midnights_wave_belongs_to_the_day_before(stage: PipelineStage) -> None:
    stage.hear(INSTRUMENT_IDS, Timeframe.M15, DAY)
    (request,) = ticked(stage)
    assert request.tags["dagster/asset_partition_range_start"] == "2025-01-01|BTCUSDT.BYBIT"
    assert request.tags["timeframes"] == "15m,30m,1h,4h,8h,1d"


def test_every_instant_that_was_missed_gets_a_run_of_its_own(stage: PipelineStage) -> None:
    closes = [DAY + count * Timeframe.M15.duration for count in (1, 2, 3)]
    for close in closes:
        for timeframe in closing_timeframes(close, UNIVERSE.timeframes):
            stage.hear(INSTRUMENT_IDS, timeframe, close)
    assert [request.tags["wave"] for request in ticked(stage)] == [utc(close) for close in closes]


def test_the_sensor_waits_for_the_last_bar_of_a_wave(stage: PipelineStage) -> None:
    stage.hear(INSTRUMENT_IDS[:2], Timeframe.M15, QUARTER)
    bell = Bell(lambda: stage.hear(INSTRUMENT_IDS[2:], Timeframe.M15, QUARTER))
    (request,) = ticked(stage, Bells(bell))
    assert (bell.waits, request.tags["wave"]) == (1, utc(QUARTER))


def test_the_sensor_waits_for_every_timeframe_of_a_close(stage: PipelineStage) -> None:
    stage.hear(INSTRUMENT_IDS, Timeframe.M15, HOUR)
    stage.hear(INSTRUMENT_IDS, Timeframe.M30, HOUR)
    bell = Bell(lambda: stage.hear(INSTRUMENT_IDS, Timeframe.H1, HOUR))
    (request,) = ticked(stage, Bells(bell))
    assert (bell.waits, request.tags["timeframes"]) == (1, "15m,30m,1h")


def test_a_wave_goes_on_without_its_last_bar(stage: PipelineStage) -> None:
    stage.hear(INSTRUMENT_IDS[:2], Timeframe.M15, QUARTER)
    bell = Bell(lambda: None)
    (request,) = ticked(stage, Bells(bell))
    assert bell.waits > 1
    assert request.tags["wave"] == utc(QUARTER)


@pytest.mark.parametrize(
    "status", [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]
)
def test_a_wave_under_way_is_not_requested_twice(stage: PipelineStage, status: dg.DagsterRunStatus) -> None:
    stage.hear(INSTRUMENT_IDS, Timeframe.M15, QUARTER)
    (request,) = ticked(stage)
    a_run(stage, request, status)
    assert ticked(stage) == []


def test_a_failed_wave_is_requested_under_another_key(stage: PipelineStage) -> None:
    stage.hear(INSTRUMENT_IDS, Timeframe.M15, QUARTER)
    (first,) = ticked(stage)
    a_run(stage, first, dg.DagsterRunStatus.FAILURE)
    (second,) = ticked(stage)
    assert second.tags["work"] == first.tags["work"]
    assert second.run_key != first.run_key


def test_a_wave_is_tried_while_its_plans_live(stage: PipelineStage) -> None:
    for timeframe in (Timeframe.M15, Timeframe.M30, Timeframe.H1):
        stage.hear(INSTRUMENT_IDS, timeframe, HOUR)
    (request,) = ticked(stage)
    assert request.tags["lives_s"] == "3600"


def test_a_wave_that_keeps_failing_is_given_up(stage: PipelineStage) -> None:
    stage.hear(INSTRUMENT_IDS, Timeframe.M15, QUARTER)
    (request,) = ticked(stage)
    request.tags["lives_s"] = "0"
    a_run(stage, request, dg.DagsterRunStatus.FAILURE)
    alerts = HeardAlerts()
    for _ in range(2):
        assert ticked(stage, alerts=alerts) == []
    assert alerts.postbox.subjects(Severity.CRITICAL) == ["wave given up: 2025-01-02 00:15 UTC"]
    assert PostgresWaveStore(stage.engine).pending() == []


def test_a_wave_that_a_person_terminated_is_no_news(stage: PipelineStage) -> None:
    stage.hear(INSTRUMENT_IDS, Timeframe.M15, QUARTER)
    (request,) = ticked(stage)
    a_run(stage, request, dg.DagsterRunStatus.CANCELED)
    alerts = HeardAlerts()
    assert ticked(stage, alerts=alerts) == []
    assert alerts.postbox.messages == []


def test_a_computed_wave_is_not_requested(stage: PipelineStage) -> None:
    stage.hear(INSTRUMENT_IDS, Timeframe.M15, QUARTER)
    stage.materialize(wave_assets([Timeframe.M15]), wave=utc(QUARTER))
    assert ticked(stage) == []

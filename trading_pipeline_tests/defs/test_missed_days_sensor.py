"""Days that ended while the system stood still are computed without a person, and by nobody twice."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

import dagster as dg
import pytest
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill

from trading_pipeline.adapters.stores.market_data.raw_bar_store import PostgresRawBarStore
from trading_pipeline.defs.market_data.assets import bars
from trading_pipeline.defs.market_data.catch_up import catch_up_job, missed_days_sensor
from trading_pipeline.defs.market_data.partitions import UNIVERSE
from trading_pipeline.defs.strategy.assets import strategy_assets
from trading_pipeline.domain.model.bars import Bar, BarSource
from trading_pipeline.domain.model.timeframes import Timeframe, day_of
from trading_pipeline_tests.defs.pipeline_stage import ASSETS, DAY, INSTRUMENT_IDS, PipelineStage, utc
from trading_pipeline_tests.testkit.builders import walk

OF_15M = [key for key in ASSETS if key.path[0].endswith("_15m")]
QUARTER, HOUR, ONE_DAY = timedelta(minutes=15), timedelta(hours=1), timedelta(days=1)
STOPPED, BACK = DAY + 10 * HOUR, DAY + 2 * ONE_DAY + 8 * HOUR
"""From the third hour of one day to the ninth of the next but one."""


def four_days() -> list[Bar]:
    """15m bars of every instrument, as the venue has them."""
    return [bar for name in INSTRUMENT_IDS for bar in walk(name, UNIVERSE.history_start, 384, Timeframe.M15, seed=5)]


@dataclass
class Outage:
    """Waves of 15m before and after an outage over two midnights."""

    stage: PipelineStage
    cursor: str | None = None

    def wave(self, close: datetime) -> None:
        """One wave, heard and computed."""
        self.hear(close)
        self.stage.materialize(OF_15M, on=day_of(close - QUARTER), wave=utc(close))

    def hear(self, close: datetime) -> None:
        """As the feed stores it."""
        self.stage.markets.data.time = close
        heard = [bar for bar in four_days() if bar.close_time == close]
        PostgresRawBarStore(self.stage.engine).append_raw(heard, BarSource.WEBSOCKET)

    def requested(self) -> list[dg.RunRequest]:
        """Of the sensor's next tick."""
        context = dg.build_sensor_context(
            instance=self.stage.instance, cursor=self.cursor, resources=self.stage.resources()
        )
        with context:
            result = missed_days_sensor(context)
        if isinstance(result, dg.SkipReason):
            return []
        assert isinstance(result, dg.SensorResult)
        self.cursor = result.cursor
        return list(result.run_requests or [])

    def run(self, request: dg.RunRequest) -> None:
        """Execute the job that the sensor is about."""
        stage = self.stage
        definitions = dg.Definitions(assets=[bars, *strategy_assets], jobs=[catch_up_job], resources=stage.resources())
        job = definitions.resolve_job_def("catch_up")
        assert job.execute_in_process(instance=stage.instance, tags=dict(request.tags)).success

    def noted(self, request: dg.RunRequest, status: dg.DagsterRunStatus) -> None:
        """Have a run of the request in the record."""
        run = dg.DagsterRun("catch_up", run_id=str(uuid.uuid4()), tags=dict(request.tags), status=status)
        self.stage.instance.add_run(run)


def days(requests: list[dg.RunRequest]) -> list[str]:
    """Days that are asked for, each over all instruments."""
    for request in requests:
        first, last = (request.tags[f"dagster/asset_partition_range_{end}"] for end in ("start", "end"))
        assert (first.split("|")[1], last.split("|")[1]) == (INSTRUMENT_IDS[0], INSTRUMENT_IDS[-1])
        assert first.split("|")[0] == last.split("|")[0]
        assert "wave" not in request.tags
    return [request.tags["dagster/asset_partition_range_start"].split("|")[0] for request in requests]


@pytest.fixture
def outage(stage: PipelineStage) -> Outage:
    """It is over, and the first wave after it is computed."""
    stage.answer_with(four_days())
    outage = Outage(stage)
    outage.wave(STOPPED)
    outage.wave(BACK)
    return outage


def test_every_missed_day_is_requested_but_not_today(outage: Outage) -> None:
    assert days(outage.requested()) == ["2025-01-02", "2025-01-03"]


def test_a_missed_day_is_settled_as_history(outage: Outage) -> None:
    requests = outage.requested()
    for request in requests:
        outage.run(request)
    assert outage.requested() == []
    assert outage.cursor == utc(DAY + 2 * ONE_DAY)
    judged = "SELECT close_time::date::text, count(*) FROM data_checks WHERE passed GROUP BY 1"
    assert dict(outage.stage.rows(judged)) == {
        "2025-01-02": 95 * 3,
        "2025-01-03": 96 * 3,
        "2025-01-04": (1 + 32) * 3,
    }
    live = outage.stage.rows("SELECT DISTINCT close_time FROM trade_plans WHERE status = 'new'")
    assert {close for (close,) in live} <= {STOPPED, BACK}


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTED])
def test_a_day_under_way_is_not_requested_again(outage: Outage, status: dg.DagsterRunStatus) -> None:
    for request in outage.requested():
        outage.noted(request, status)
    assert outage.requested() == []
    assert outage.cursor == utc(DAY)


def test_a_failed_day_is_requested_under_another_key(outage: Outage) -> None:
    first, second = outage.requested()
    outage.noted(second, dg.DagsterRunStatus.SUCCESS)
    outage.stage.materialize([dg.AssetKey("bars_15m")], on=DAY)
    outage.noted(first, dg.DagsterRunStatus.FAILURE)
    (again,) = outage.requested()
    assert (again.tags["work"], again.run_key == first.run_key) == (first.tags["work"], False)


def test_what_somebody_terminated_is_left_to_people(outage: Outage) -> None:
    for request in outage.requested():
        outage.noted(request, dg.DagsterRunStatus.CANCELED)
    assert outage.requested() == []
    assert outage.cursor == utc(DAY + 2 * ONE_DAY)


def test_a_day_for_which_a_wave_waits_is_the_waves(outage: Outage) -> None:
    outage.hear(DAY + 5 * HOUR)
    assert days(outage.requested()) == ["2025-01-03"]
    assert outage.cursor == utc(DAY)


def test_days_wait_for_a_backfill_about_them(outage: Outage) -> None:
    backfill = PartitionBackfill(
        "of-days", BulkActionStatus.REQUESTED, from_failure=False, tags={}, backfill_timestamp=0.0
    )
    outage.stage.instance.add_backfill(backfill)
    assert outage.requested() == []
    outage.stage.instance.update_backfill(backfill.with_status(BulkActionStatus.COMPLETED_SUCCESS))
    assert len(outage.requested()) == 2


def test_an_outage_within_a_day_is_the_waves(stage: PipelineStage) -> None:
    stage.answer_with(four_days())
    outage = Outage(stage)
    for close in (STOPPED, STOPPED + 5 * HOUR):
        outage.wave(close)
    assert outage.requested() == []


def test_history_before_the_first_wave_is_for_people_to_backfill(stage: PipelineStage) -> None:
    stage.answer_with(four_days())
    stage.materialize(OF_15M, on=UNIVERSE.history_start)
    outage = Outage(stage)
    assert outage.requested() == []
    outage.wave(BACK)
    assert outage.requested() == []

"""What a person can launch wrongly: one line says what is wrong, and nothing is written."""

from datetime import timedelta

import dagster as dg
import pytest
from dagster._check import CheckError

from trading_pipeline.defs.execution.jobs import manage_and_execute, manage_open_positions
from trading_pipeline.defs.market_data.partitions import UNIVERSE
from trading_pipeline_tests.defs.pipeline_stage import ASSETS, DAY, INSTRUMENT_IDS, NOW, PipelineStage

QUARTERS = [key for key in ASSETS if key.path[0].endswith("15m")]
TABLES = ("raw_bars", "bars", "data_checks", "indicator_snapshots", "signals", "trade_plans")


def written(stage: PipelineStage) -> set[str]:
    return {table for table in TABLES if stage.rows(f"SELECT FROM {table} LIMIT 1")}


def test_a_day_after_the_venues_clock_fails_with_the_days_that_there_are(stage: PipelineStage) -> None:
    with pytest.raises(Exception, match=rf"has not begun at the venue.* choose days up to {NOW:%Y-%m-%d}"):
        stage.materialize(QUARTERS, on=DAY + timedelta(days=30))
    assert written(stage) == set()


def test_a_day_before_history_is_refused_with_the_day_that_it_begins(stage: PipelineStage) -> None:
    day = UNIVERSE.history_start - timedelta(days=1)
    with pytest.raises(CheckError, match=f"{day:%Y-%m-%d} is before .* start time {UNIVERSE.history_start:%Y-%m-%d}"):
        stage.materialize(QUARTERS, on=day)
    assert written(stage) == set()


def test_a_range_over_an_instrument_that_was_removed_is_refused_by_its_name(stage: PipelineStage) -> None:
    with pytest.raises(dg.DagsterError, match=r"GONEUSDT\.BYBIT"):
        stage.materialize(QUARTERS, instruments=[INSTRUMENT_IDS[0], "GONEUSDT.BYBIT"])
    assert written(stage) == set()


@pytest.mark.parametrize("job", [manage_open_positions, manage_and_execute], ids=lambda job: job.name)
@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({}, 'Missing required config entry "ops"'),
        ({"ops": {"manage": {"config": {}}}}, 'Missing required config entry "close_time"'),
        ({"ops": {"manage": {"config": {"close": "2025-01-02"}}}}, 'Received unexpected config entry "close"'),
    ],
    ids=["none", "without the close", "misspelt"],
)
def test_a_run_without_its_configuration_is_refused_with_what_is_missing(
    job: dg.JobDefinition, config: dict[str, object], sentence: str
) -> None:
    with pytest.raises(dg.DagsterInvalidConfigError, match=sentence):
        dg.validate_run_config(job, config)

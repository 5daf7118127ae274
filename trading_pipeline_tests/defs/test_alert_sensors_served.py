"""Sensors that tell the operator, evaluated by a code location with the resources and the notifiers that it binds."""

from collections.abc import Iterator, MutableMapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.events import DagsterEventType, JobFailureData
from dagster_graphql.test.utils import execute_dagster_graphql
from sqlalchemy import text
from structlog.testing import capture_logs

from trading_pipeline.defs.operations.sensors import failed_run_sensor
from trading_pipeline.ports.notifications import Severity
from trading_pipeline_tests.defs.pipeline_stage import DAY, HeardAlerts, PipelineStage
from trading_pipeline_tests.runtime.dagster.queued_instance import Queue, ServedModule, shipped_queue

_EVALUATE = """
mutation evaluate($sensor: SensorSelector!, $cursor: String) {
  sensorDryRun(selectorData: $sensor, cursor: $cursor) {
    ... on DryRunInstigationTick { evaluationResult { cursor skipReason error { message } } }
  }
}"""


@pytest.fixture
def queue(stage: PipelineStage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Queue]:
    """Its runs are those of the stage."""
    monkeypatch.setenv("DATABASE_URL", stage.database_url)
    for name in ("REST", "PUBLIC_WS", "PRIVATE_WS"):
        monkeypatch.setenv(f"BYBIT_{name}_URL", "http://127.0.0.1:9")
    with shipped_queue(tmp_path, ServedModule("trading_pipeline.definitions")) as queue:
        stage.instance = queue.instance
        yield queue


def evaluated(queue: Queue, sensor: str, cursor: str | None = None) -> dict[str, Any]:
    """One tick."""
    selector = {
        "repositoryName": "__repository__",
        "repositoryLocationName": "trading_pipeline",
        "sensorName": sensor,
    }
    context = queue.workspace.create_request_context()
    answer = execute_dagster_graphql(context, _EVALUATE, {"sensor": selector, "cursor": cursor})
    result: dict[str, Any] = answer.data["sensorDryRun"]["evaluationResult"]
    assert result["error"] is None
    return result


def alerts_in(lines: Sequence[MutableMapping[str, Any]]) -> list[str]:
    """Subjects of the alerts; another thread of the process may write lines of its own meanwhile."""
    return [line["event"] for line in lines if "body" in line]


def test_a_failed_check_reaches_the_notifiers_of_the_system_once(queue: Queue, stage: PipelineStage) -> None:
    bars_1h = [dg.AssetKey("bars_1h")]
    stage.materialize(bars_1h)
    with stage.engine.begin() as connection:
        broken = "UPDATE trading.raw_bars SET high = low - 1 WHERE instrument_id = 'BTCUSDT.BYBIT' AND open_time = :at"
        connection.execute(text(broken), {"at": DAY})
    stage.materialize(bars_1h)
    with capture_logs() as lines:
        first = evaluated(queue, "failed_check_sensor")
        second = evaluated(queue, "failed_check_sensor", first["cursor"])
    assert alerts_in(lines) == ["check failed: bars_1h ohlc_sane"]
    with stage.engine.connect() as connection:
        kept = connection.execute(text("SELECT subject FROM trading.notifications")).scalars().all()
    assert kept == ["check failed: bars_1h ohlc_sane"]
    assert second["skipReason"] == "failing checks: bars_1h ohlc_sane"


@pytest.mark.parametrize(
    ("sensor", "said"),
    [
        ("failed_check_sensor", "failing checks: none"),
        ("dead_feed_sensor", "every feed lives"),
        ("missed_days_sensor", "no wave was computed yet"),
    ],
)
def test_an_idle_system_has_nothing_to_say(queue: Queue, sensor: str, said: str) -> None:
    with capture_logs() as lines:
        assert evaluated(queue, sensor)["skipReason"] == said
    assert alerts_in(lines) == []


def test_a_failed_run_is_told_every_way() -> None:
    alerts, run = HeardAlerts(), dg.DagsterRun("bar_close", tags={"wave": "2025-01-02T00:15:00+00:00"})
    failed = dg.DagsterEvent(
        DagsterEventType.RUN_FAILURE.value,
        job_name="bar_close",
        event_specific_data=JobFailureData(error=None),
        message="steps failed: bars_15m",
    )
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_run_status_sensor_context(
            "failed_run_sensor",
            failed,
            instance,
            run,
            resources={"alerts": dg.ResourceDefinition.hardcoded_resource(alerts)},
        )
        failed_run_sensor(context.for_run_failure())
    ((severity, subject, body),) = alerts.postbox.messages
    assert (severity, subject) == (Severity.WARNING, "run failed: bar_close")
    assert body.startswith(f"Run {run.run_id}, wave 2025-01-02T00:15:00+00:00: steps failed: bars_15m.")

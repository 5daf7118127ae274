"""What the UI says about the age of assets, as the daemon finds it."""

import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.events import StepMaterializationData
from dagster._daemon.freshness import FreshnessDaemon
from dagster_graphql.test.utils import execute_dagster_graphql

from trading_pipeline.defs.market_data.partitions import UNIVERSE
from trading_pipeline.defs.operations.freshness import POLICIES
from trading_pipeline_tests.runtime.dagster.queued_instance import SHIPPED, Queue, ServedModule, shipped_queue

_ASKED = """
query fresh($asset: AssetKeyInput!) {
  assetNodeOrError(assetKey: $asset) { ... on AssetNode { freshnessStatusInfo { freshnessStatus } } }
}"""
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    with shipped_queue(tmp_path, ServedModule("trading_pipeline.definitions")) as queue:
        yield queue


def materialized(queue: Queue, asset: str, age_s: float) -> None:
    """Have the asset's newest materialisation be so old."""
    stored = StepMaterializationData(dg.AssetMaterialization(asset))
    event = dg.DagsterEvent(
        dg.DagsterEventType.ASSET_MATERIALIZATION.value, job_name="bar_close", event_specific_data=stored
    )
    entry = dg.EventLogEntry(
        None, 20, "", "0190a4c5-0000-4000-8000-000000000001", time.time() - age_s, None, "bar_close", event
    )
    queue.instance.handle_new_event(entry)


def shown(queue: Queue, asset: str) -> str:
    """After the daemon's next look."""
    list(FreshnessDaemon().run_iteration(queue.workspace))
    variables = {"asset": {"path": [asset]}}
    answer = execute_dagster_graphql(queue.workspace.create_request_context(), _ASKED, variables)
    return str(answer.data["assetNodeOrError"]["freshnessStatusInfo"]["freshnessStatus"])


@pytest.mark.parametrize(
    ("asset", "fresh_s", "late_s", "stale_s"),
    [
        ("bars_15m", 19 * MINUTE_S, 21 * MINUTE_S, 36 * MINUTE_S),
        ("trade_plans_15m", 19 * MINUTE_S, 21 * MINUTE_S, 36 * MINUTE_S),
        ("signals_4h", 4 * HOUR_S, 5 * HOUR_S, 9 * HOUR_S),
        ("indicator_snapshots_1d", DAY_S, 1.5 * DAY_S, 2.5 * DAY_S),
        ("equity", 4 * MINUTE_S, 6 * MINUTE_S, 11 * MINUTE_S),
    ],
)
def test_one_close_missed_is_a_warning_and_two_are_a_failure(
    queue: Queue, asset: str, fresh_s: float, late_s: float, stale_s: float
) -> None:
    assert shown(queue, asset) == "UNKNOWN"
    seen = []
    for age_s in (stale_s, late_s, fresh_s):
        materialized(queue, asset, age_s)
        seen.append(shown(queue, asset))
    assert seen == ["DEGRADED", "WARNING", "HEALTHY"]


def test_a_mart_is_stale_after_two_missed_hours(queue: Queue) -> None:
    materialized(queue, "fct_closed_trades", 2 * HOUR_S)
    assert shown(queue, "fct_closed_trades") == "DEGRADED"
    materialized(queue, "fct_closed_trades", 0)
    assert shown(queue, "fct_closed_trades") == "HEALTHY"


def test_every_timeframe_of_the_universe_has_its_window_at_every_stage() -> None:
    stages = ("bars", "indicator_snapshots", "signals", "trade_plans")
    expected = {dg.AssetKey(f"{stage}_{timeframe}") for stage in stages for timeframe in UNIVERSE.timeframes}
    assert expected <= POLICIES.keys()


def test_the_daemon_of_the_shipped_instance_looks_at_policies() -> None:
    assert SHIPPED["freshness"] == {"enabled": True}

"""A kill switch set over HTTP stops the jobs that send orders, outlives the API, and is an administrator's to clear."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.postgres.database import connect
from trading_pipeline.domain.model.access import Role
from trading_pipeline.domain.model.plans import PlanStatus
from trading_pipeline_tests.testkit.api_lab import ApiLab, running_api, settings_of
from trading_pipeline_tests.testkit.execution_jobs import execute, reconcile
from trading_pipeline_tests.testkit.execution_lab import Lab, store_plan, trade_plan

pytestmark = pytest.mark.timeout(120)
SWITCH = "/api/v1/execution/kill-switch"
FIRST, SECOND, THIRD = (trade_plan(f"{symbol}.BYBIT") for symbol in ("BTCUSDT", "SOLUSDT", "ADAUSDT"))
WAYS_TO_CLEAR: tuple[tuple[str, str, dict[str, object]], ...] = (
    ("DELETE", SWITCH, {}),
    ("POST", "/api/v1/execution/resume", {"scope": "all", "reason": "mine", "force": True}),
    ("POST", "/api/v1/admin/kill_switch", {"active": False, "reason": "mine"}),
    ("POST", "/v1/admin/kill-switch", {"enabled": False}),
    # Dagster's own job does it, too, and is behind the same door
    ("POST", "/dagster/graphql", {"query": "mutation { launchRun(executionParams: {}) { __typename } }"}),
)


@pytest.fixture
def lab(module_database_url: str) -> Iterator[Lab]:
    """An account that the jobs of the pipeline trade on."""
    engine: Engine = connect(module_database_url)
    yield Lab(engine)
    engine.dispose()


@contextmanager
def api_process(url: str, redis_url: str, folder: Path) -> Iterator[ApiLab]:
    """One life of the API: nothing in it is older."""
    with running_api(settings_of(folder, url, redis_url)) as api:
        yield api


def test_it_stops_the_next_order_until_an_administrator_clears_it_whoever_restarts(
    lab: Lab, module_database_url: str, redis_url: str, tmp_path: Path
) -> None:
    with api_process(module_database_url, redis_url, tmp_path) as api:
        trader = api.as_(Role.TRADER)
        assert api.client.put(SWITCH, json={"reason": "all out"}, headers=trader).json()["changed"] is True
        store_plan(lab.database, FIRST)
        assert execute(lab, "run-1").success
    assert (lab.plan_status(FIRST)[0], "all out" in lab.plan_status(FIRST)[1]) == (PlanStatus.DENIED, True)

    with api_process(module_database_url, redis_url, tmp_path) as api:
        assert [one["scope"] for one in api.client.get("/api/v1/execution/halts", headers=trader).json()["items"]] == [
            "all"
        ]
        for method, path, body in WAYS_TO_CLEAR:
            answer = api.client.request(method, path, json=body or None, headers=trader)
            assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed"), path
        assert reconcile(lab, "run-2").success  # venue and ledger agree, and that lifts nothing
        store_plan(lab.database, SECOND)
        assert execute(lab, "run-3").success
        assert lab.plan_status(SECOND)[0] is PlanStatus.DENIED
        assert lab.venue.posts == []

        cleared = api.client.delete(SWITCH, params={"force": True, "reason": "mended"}, headers=api.as_(Role.ADMIN))
        assert cleared.json() == {"scope": "all", "changed": True}
        store_plan(lab.database, THIRD)
        assert execute(lab, "run-4").success
        assert (lab.plan_status(THIRD)[0], len(lab.venue.posts) > 0) == (PlanStatus.EXECUTED, True)
        given = api.client.get("/api/v1/execution/commands", headers=trader).json()["items"]
    done = {(one["verb"], one["actor"]) for one in given if one["outcome"] == "done"}
    assert done == {("halt", "a-trader"), ("resume", "a-admin")}

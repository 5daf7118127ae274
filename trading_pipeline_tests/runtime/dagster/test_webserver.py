"""One webserver lets some change things and others look, by what the API says of who asks."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import EmptyWorkspaceTarget
from dagster_webserver import cli
from dagster_webserver.app import create_app_from_workspace_process_context
from fastapi.testclient import TestClient

from trading_pipeline.adapters.orchestrator.ui import READ_ONLY_HEADER, UI_PREFIX
from trading_pipeline.runtime.dagster.webserver import ByVisitor

PERMISSIONS = "{ permissions { permission value } }"
WIPE = 'mutation { deletePipelineRun(runId: "x") { __typename } }'
LOOKS_ONLY = {READ_ONLY_HEADER: "1"}


@pytest.fixture(scope="module")
def ui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with (
        dg.DagsterInstance.local_temp(str(tmp_path_factory.mktemp("dagster"))) as instance,
        ByVisitor(instance, EmptyWorkspaceTarget()) as context,
        TestClient(create_app_from_workspace_process_context(context, UI_PREFIX)) as client,
    ):
        yield client


def asked(ui: TestClient, query: str, headers: dict[str, str]) -> dict[str, object]:
    answer = ui.post(f"{UI_PREFIX}/graphql", json={"query": query}, headers=headers).json()
    found: dict[str, object] = answer["data"]
    return found


def test_whoever_may_only_look_is_shown_no_button_and_whoever_may_is(ui: TestClient) -> None:
    def may_launch(headers: dict[str, str]) -> bool:
        permissions = asked(ui, PERMISSIONS, headers)["permissions"]
        assert isinstance(permissions, list)
        return {one["permission"]: bool(one["value"]) for one in permissions}["launch_pipeline_execution"]

    assert [may_launch(headers) for headers in ({}, LOOKS_ONLY, {})] == [True, False, True]


def test_a_change_by_whoever_may_only_look_is_refused_by_dagster_itself(ui: TestClient) -> None:
    assert asked(ui, WIPE, LOOKS_ONLY) == {"deletePipelineRun": {"__typename": "UnauthorizedError"}}
    assert asked(ui, WIPE, {}) == {"deletePipelineRun": {"__typename": "RunNotFoundError"}}
    event = ui.post(f"{UI_PREFIX}/report_asset_materialization/bars", headers=LOOKS_ONLY)
    assert event.status_code == 401


def test_every_page_asks_below_the_prefix(ui: TestClient) -> None:
    assert f'"pathPrefix": "{UI_PREFIX}"' in ui.get(f"{UI_PREFIX}/runs").text


def test_the_installed_webserver_still_makes_its_context_by_the_name_that_is_replaced() -> None:
    assert vars(cli)[WorkspaceProcessContext.__name__] is WorkspaceProcessContext
    assert f"with {WorkspaceProcessContext.__name__}(" in Path(cli.__file__).read_text()

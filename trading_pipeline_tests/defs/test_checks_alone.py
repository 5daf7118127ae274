"""A check that a person launches without its asset: asked for as the UI asks, executed as a worker does."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.instance import InstanceRef
from dagster._core.test_utils import create_test_daemon_workspace_context
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster_graphql.test.utils import execute_dagster_graphql
from sqlalchemy import text

from trading_pipeline.definitions import defs
from trading_pipeline.defs.market_data.checks import CHECKS
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.risk.differences import Difference, DifferenceKind
from trading_pipeline_tests.defs.pipeline_stage import DAY, PipelineStage
from trading_pipeline_tests.defs.test_failed_check_sensor import Operator
from trading_pipeline_tests.runtime.dagster.queued_instance import ServedModule
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab

_LAUNCH = """
mutation launch($params: ExecutionParams!) {
  launchPipelineExecution(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
  }
}"""
_CHECKS = """
query checks($asset: AssetKeyInput!) {
  assetNodeOrError(assetKey: $asset) { ... on AssetNode { assetChecksOrError { ... on AssetChecks {
    checks { name canExecuteIndividually executionForLatestMaterialization { status runId } }
  } } } }
}"""
CHECKED = defs.get_repository_def().asset_graph.asset_check_keys
HOUR = timedelta(hours=1)
BARS_1H = [dg.AssetKey("bars_1h")]


@dataclass
class Page:
    """The page of an asset, with everything behind its buttons."""

    stage: PipelineStage
    workspace: WorkspaceProcessContext

    def launch(self, asset: str, checks: Sequence[str]) -> str:
        """Press *Execute* beside checks; the run that has ended."""
        key = {"path": [asset]}
        selector = {
            "pipelineName": "__ASSET_JOB",
            "repositoryName": "__repository__",
            "repositoryLocationName": "trading_pipeline",
            "assetSelection": [],
            "assetCheckSelection": [{"assetKey": key, "name": name} for name in checks],
        }
        launched = self._ask(_LAUNCH, {"params": {"selector": selector, "mode": "default"}})["launchPipelineExecution"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        return str(launched["run"]["runId"])

    def verdicts(self, run_id: str) -> dict[str, bool]:
        """What a run said."""
        records = self.stage.instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
        events = [entry.get_dagster_event().asset_check_evaluation_data for entry in records]
        return {event.check_name: event.passed for event in events}

    def shown(self, asset: str) -> list[dict[str, Any]]:
        """The checks of an asset as the page lists them."""
        node = self._ask(_CHECKS, {"asset": {"path": [asset]}})["assetNodeOrError"]
        checks: list[dict[str, Any]] = node["assetChecksOrError"]["checks"]
        return checks

    def _ask(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        answer = execute_dagster_graphql(self.workspace.create_request_context(), query, variables)
        data: dict[str, Any] = answer.data
        return data


@contextmanager
def served_in(folder: Path) -> Iterator[WorkspaceProcessContext]:
    """The definitions as the webserver finds them; a run that is launched has ended."""
    at_once = {
        "run_coordinator": {"module": "dagster._core.run_coordinator", "class": "DefaultRunCoordinator"},
        "run_launcher": {
            "module": "dagster._core.launcher.sync_in_memory_run_launcher",
            "class": "SyncInMemoryRunLauncher",
        },
        "telemetry": {"enabled": False},
    }
    ref = InstanceRef.from_dir(str(folder), overrides=at_once)
    definitions = ServedModule("trading_pipeline.definitions")
    with (
        dg.DagsterInstance.from_ref(ref) as instance,
        create_test_daemon_workspace_context(definitions, instance) as workspace,
    ):
        yield workspace


@pytest.fixture
def served(tmp_path: Path) -> Iterator[WorkspaceProcessContext]:
    with served_in(tmp_path) as workspace:
        yield workspace


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkspaceProcessContext]:
    """For questions that change nothing."""
    with served_in(tmp_path_factory.mktemp("listed")) as workspace:
        yield workspace


@pytest.fixture
def page(stage: PipelineStage, served: WorkspaceProcessContext, monkeypatch: pytest.MonkeyPatch) -> Page:
    """Of bars of 1h that are computed and sound."""
    monkeypatch.setenv("DATABASE_URL", stage.database_url)
    stage.instance = served.instance
    stage.materialize(BARS_1H)
    return Page(stage, served)


def break_bar(stage: PipelineStage) -> None:
    """Of BTCUSDT, where decisions read it; a second time mends it."""
    with stage.engine.begin() as connection:
        broken = text(
            "UPDATE trading.bars SET high = -high WHERE instrument_id = 'BTCUSDT.BYBIT' AND timeframe = '1h'"
            " AND open_time = :at"
        )
        connection.execute(broken, {"at": DAY + 3 * HOUR})


@pytest.mark.parametrize("asset", sorted({key.asset_key.to_user_string() for key in CHECKED}))
def test_every_check_has_a_button_of_its_own(listed: WorkspaceProcessContext, asset: str) -> None:
    answer = execute_dagster_graphql(listed.create_request_context(), _CHECKS, {"asset": {"path": [asset]}})
    checks = answer.data["assetNodeOrError"]["assetChecksOrError"]["checks"]
    names = {key.name for key in CHECKED if key.asset_key == dg.AssetKey(asset)}
    assert {one["name"]: one["canExecuteIndividually"] for one in checks} == dict.fromkeys(names, "CAN_EXECUTE")


def test_one_check_alone_writes_its_verdict_and_materialises_nothing(page: Page) -> None:
    run_id = page.launch("bars_1h", ["ohlc_sane"])
    assert page.verdicts(run_id) == {"ohlc_sane": True}
    assert page.stage.instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION) == []
    (shown,) = [one for one in page.shown("bars_1h") if one["name"] == "ohlc_sane"]
    assert shown["executionForLatestMaterialization"] == {"status": "SUCCEEDED", "runId": run_id}


def test_an_assets_checks_are_one_run(page: Page) -> None:
    assert page.verdicts(page.launch("bars_1h", CHECKS)) == dict.fromkeys(CHECKS, True)


def test_a_broken_bar_is_found_on_untouched_days(page: Page) -> None:
    break_bar(page.stage)
    assert page.verdicts(page.launch("bars_1h", CHECKS)) == {**dict.fromkeys(CHECKS, True), "ohlc_sane": False}
    unsound = "SELECT count(*) FROM data_checks WHERE NOT passed AND instrument_id = 'BTCUSDT.BYBIT'"
    assert page.stage.rows(unsound) == [(1,)]
    break_bar(page.stage)
    assert page.verdicts(page.launch("bars_1h", ["ohlc_sane"])) == {"ohlc_sane": True}


def test_a_stopped_instrument_fails_until_its_bar_comes(page: Page) -> None:
    stage, close = page.stage, DAY + timedelta(days=1)
    with stage.engine.begin() as connection:
        wave = "INSERT INTO trading.waves (close_time, timeframe, computed_at) VALUES (:close, '1h', now())"
        connection.execute(text(wave), {"close": close})
        silent = "DELETE FROM trading.raw_bars WHERE instrument_id = 'BTCUSDT.BYBIT' AND close_time = :close"
        connection.execute(text(silent), {"close": close})
    assert page.verdicts(page.launch("bars_1h", ["no_gap"])) == {"no_gap": False}
    result = stage.materialize(BARS_1H, instruments=("SOLUSDT.BYBIT",))
    assert not page.verdicts(result.run_id)["no_gap"]
    stage.materialize(BARS_1H)
    assert page.verdicts(page.launch("bars_1h", ["no_gap"])) == {"no_gap": True}


def test_the_operator_hears_once_of_failure_and_cure(page: Page) -> None:
    operator = Operator(page.stage)
    break_bar(page.stage)
    page.launch("bars_1h", ["ohlc_sane"])
    heard = [operator.hears()]
    page.stage.materialize(BARS_1H, instruments=("SOLUSDT.BYBIT",))
    heard.append(operator.hears())
    break_bar(page.stage)
    page.launch("bars_1h", ["ohlc_sane"])
    heard.append(operator.hears())
    assert [[subject for _, subject, _ in messages] for messages in heard] == [
        ["check failed: bars_1h ohlc_sane"],
        [],
        ["check passes again: bars_1h ohlc_sane"],
    ]


def test_the_operator_hears_when_differences_begin_and_end(
    stage: PipelineStage, served: WorkspaceProcessContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", stage.database_url)
    stage.instance = served.instance
    page, operator, log = Page(stage, served), Operator(stage), Lab(stage.engine).context().differences
    phantom = Difference(ACCOUNT, InstrumentId("BTCUSDT.BYBIT"), DifferenceKind.UNKNOWN_POSITION, "the venue holds 3")
    heard = []
    for found in ([phantom], []):
        log.keep(found, "run-r", WAVE)
        run_id = page.launch("reconciliation", ["ledger_equals_venue"])
        assert page.verdicts(run_id) == {"ledger_equals_venue": not found}
        heard += operator.hears()
    assert [subject for _, subject, _ in heard] == [
        "check failed: reconciliation ledger_equals_venue",
        "check passes again: reconciliation ledger_equals_venue",
    ]
    assert heard[0][2].startswith("BTCUSDT.BYBIT: unknown_position: the venue holds 3.")

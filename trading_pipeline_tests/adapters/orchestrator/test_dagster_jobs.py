"""Jobs are launched by questions that Dagster understands."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from dagster_graphql.schema import create_schema
from graphql import parse, validate

from trading_pipeline.adapters.orchestrator.dagster_jobs import BACKFILL, LAUNCH, RUNS, WHERE, DagsterJobs
from trading_pipeline.domain.model.errors import ConfigurationError, ServerAway
from trading_pipeline.domain.model.launched import RunsQuestion, RunState

REPOSITORY = {"name": "__repository__", "location": {"name": "trading_pipeline"}, "jobs": [{"name": "reconcile"}]}
LAUNCHED = {"launchRun": {"__typename": "LaunchRunSuccess", "run": {"runId": "r-1"}}}


def dagster(launched: dict[str, Any], asked: list[dict[str, Any]]) -> DagsterJobs:
    """A webserver that has one job."""

    def answer(request: httpx.Request) -> httpx.Response:
        question = json.loads(request.content)
        asked.append(question["variables"])
        where = {"repositoriesOrError": {"nodes": [REPOSITORY]}}
        return httpx.Response(200, json={"data": where if question["query"] == WHERE else launched})

    return DagsterJobs("http://dagster.test/", httpx.MockTransport(answer))


@pytest.mark.parametrize("question", [WHERE, LAUNCH, BACKFILL, RUNS])
def test_every_question_fits_the_schema_of_the_dagster_that_is_installed(question: str) -> None:
    assert validate(create_schema().graphql_schema, parse(question)) == []


def test_a_job_is_launched_with_its_ops_config() -> None:
    asked: list[dict[str, Any]] = []
    launched = dagster(LAUNCHED, asked).launch("reconcile", {"compare": {"deep": True}})
    assert (launched.run_id, launched.page) == ("r-1", "http://dagster.test/runs/r-1")
    params = asked[-1]["params"]
    assert params["selector"]["repositoryLocationName"] == "trading_pipeline"
    assert params["runConfigData"] == {"ops": {"compare": {"config": {"deep": True}}}}


RUN = {
    "runId": "r-1", "jobName": "reconcile", "status": "STARTED", "creationTime": 1762171200.0,
    "startTime": 1762171201.5, "endTime": None, "tags": [{"key": "wave", "value": "12:00"}],
}  # fmt: skip


def test_runs_are_asked_for_by_job_state_and_the_page_before() -> None:
    asked: list[dict[str, Any]] = []
    known = {"runsOrError": {"__typename": "Runs", "results": [RUN]}}
    question = RunsQuestion(job="reconcile", state=RunState.STARTED, after="r-0", limit=5)
    (run,) = dagster(known, asked).runs(question)
    assert asked == [
        {"filter": {"pipelineName": "reconcile", "statuses": ["STARTED"]}, "cursor": "r-0", "limit": 5},
    ]
    assert (run.state, run.tags, run.page) == (RunState.STARTED, {"wave": "12:00"}, "http://dagster.test/runs/r-1")
    assert run.started_at == datetime(2025, 11, 3, 12, 0, 1, 500_000, UTC)
    assert run.ended_at is None
    dagster(known, asked).runs(RunsQuestion(run_id="r-1"))
    assert asked[-1]["filter"] == {"runIds": ["r-1"]}


def test_runs_that_are_not_listed_are_told_with_the_reason() -> None:
    refused = {"runsOrError": {"__typename": "PythonError", "message": "boom"}}
    with pytest.raises(ConfigurationError, match="does not list runs: boom"):
        dagster(refused, []).runs(RunsQuestion())


def test_every_state_of_a_run_has_its_word() -> None:
    known = create_schema().graphql_schema.type_map["RunStatus"]
    assert set(known.values) == {state.name for state in RunState}


def test_pages_are_where_people_find_them_and_nowhere_without_a_webserver() -> None:
    assert DagsterJobs("http://dagster.test", pages="/dagster").page_of("r-1") == "/dagster/runs/r-1"
    assert DagsterJobs("", pages="/dagster").page_of("r-1") == ""


@pytest.mark.parametrize(
    ("refused", "why"),
    [
        ({"__typename": "RunConfigValidationInvalid", "errors": [{"message": "no such op"}]}, "no such op"),
        ({"__typename": "PythonError", "message": "boom"}, "boom"),
        ({"__typename": "UnauthorizedError"}, "UnauthorizedError"),
    ],
)
def test_a_refusal_is_told_with_its_reason(refused: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        dagster({"launchRun": refused}, []).launch("reconcile", {})


def test_a_job_that_there_is_not_is_named() -> None:
    with pytest.raises(ConfigurationError, match="has no job dance"):
        dagster(LAUNCHED, []).launch("dance", {})


def _refusing(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


@pytest.mark.parametrize("answer", [_refusing, lambda _: httpx.Response(502)])
def test_a_dagster_that_is_away_is_told_as_such(answer: Callable[[httpx.Request], httpx.Response]) -> None:
    jobs = DagsterJobs("http://dagster.test", httpx.MockTransport(answer))
    for ask in (jobs.check, lambda: jobs.launch("reconcile", {})):
        with pytest.raises(ServerAway, match="does not answer") as away:
            ask()
        assert away.value.component == "dagster"
    with pytest.raises(ServerAway, match="TRADING_DAGSTER_URL is unset"):
        DagsterJobs("").check()

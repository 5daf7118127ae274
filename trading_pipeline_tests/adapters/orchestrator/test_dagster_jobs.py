"""Jobs are launched by questions that Dagster understands."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from dagster_graphql.schema import create_schema
from graphql import parse, validate

from trading_pipeline.adapters.orchestrator.dagster_jobs import BACKFILL, LAUNCH, WHERE, DagsterJobs
from trading_pipeline.domain.model.errors import ConfigurationError, ServerAway

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


@pytest.mark.parametrize("question", [WHERE, LAUNCH, BACKFILL])
def test_every_question_fits_the_schema_of_the_dagster_that_is_installed(question: str) -> None:
    assert validate(create_schema().graphql_schema, parse(question)) == []


def test_a_job_is_launched_with_its_ops_config() -> None:
    asked: list[dict[str, Any]] = []
    launched = dagster(LAUNCHED, asked).launch("reconcile", {"compare": {"deep": True}})
    assert (launched.run_id, launched.page) == ("r-1", "http://dagster.test/runs/r-1")
    params = asked[-1]["params"]
    assert params["selector"]["repositoryLocationName"] == "trading_pipeline"
    assert params["runConfigData"] == {"ops": {"compare": {"config": {"deep": True}}}}


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

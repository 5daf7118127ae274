"""Jobs of a running Dagster, launched over GraphQL as its UI does.

Without Dagster's own client, which imports all of Dagster: 150 MB in a process that only asks.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx

from trading_pipeline.domain.model.errors import ConfigurationError, DataError, ServerAway
from trading_pipeline.domain.model.launched import LaunchedJob, RunShown, RunsQuestion, RunState
from trading_pipeline.ports.orchestrator import JobLauncher

WHERE = """
{ repositoriesOrError { ... on RepositoryConnection { nodes { name location { name } jobs { name } } } } }
"""
LAUNCH = """
mutation ($params: ExecutionParams!) {
  launchRun(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on RunConfigValidationInvalid { errors { message } }
    ... on PythonError { message }
  }
}
"""
BACKFILL = """
mutation ($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
    ... on PartitionKeysNotFoundError { message }
    ... on UnauthorizedError { message }
  }
}
"""
RUNS = """
query ($filter: RunsFilter, $cursor: String, $limit: Int) {
  runsOrError(filter: $filter, cursor: $cursor, limit: $limit) {
    __typename
    ... on Runs { results { runId jobName status creationTime startTime endTime tags { key value } } }
    ... on InvalidPipelineRunsFilterError { message }
    ... on PythonError { message }
  }
}
"""
_TIMEOUT_S = 10.0
_BACKFILL_TIMEOUT_S = 30.0
"""Dagster looks at every partition before it answers."""


class DagsterJobs(JobLauncher):
    """One connection pool on the webserver."""

    def __init__(self, url: str, transport: httpx.BaseTransport | None = None, pages: str = "") -> None:
        """Connect at the first call.

        :param url: of the webserver; empty where there is none.
        :param transport: in place of a socket.
        :param pages: where people find its pages; empty: at the webserver.
        """
        self._url = url.rstrip("/")
        self._pages = pages if pages and self._url else self._url
        self._http = httpx.Client(transport=transport)

    def launch(self, job: str, ops: Mapping[str, Mapping[str, object]]) -> LaunchedJob:
        """Find the location that has the job, and launch it there."""
        config = {"ops": {op: {"config": dict(values)} for op, values in ops.items()}} if ops else {}
        params = {"selector": self._selector(job), "runConfigData": config, "mode": "default"}
        answer = self._ask(LAUNCH, {"params": params})["launchRun"]
        if answer["__typename"] != "LaunchRunSuccess":
            said = [one["message"] for one in answer.get("errors", [])] or [answer.get("message", answer["__typename"])]
            raise ConfigurationError(f"Dagster does not run {job}: {'; '.join(said)}")
        run_id = answer["run"]["runId"]
        return LaunchedJob(job, run_id, self.page_of(run_id))

    def backfill(self, assets: Sequence[str], partitions: Sequence[str], title: str) -> LaunchedJob:
        """As the dialog of the UI does."""
        selection = [{"path": [asset]} for asset in assets]
        params = {"assetSelection": selection, "partitionNames": list(partitions), "title": title}
        answer = self._ask(BACKFILL, {"params": params}, _BACKFILL_TIMEOUT_S)["launchPartitionBackfill"]
        if answer["__typename"] != "LaunchBackfillSuccess":
            raise DataError(f"backfill of {len(partitions)} partitions refused: {answer.get('message', answer)}")
        backfill_id = str(answer["backfillId"])
        return LaunchedJob(title, backfill_id, f"{self._pages}/runs/b/{backfill_id}")

    def runs(self, question: RunsQuestion) -> Sequence[RunShown]:
        """As its list of runs does."""
        asked: dict[str, object] = {}
        if question.run_id:
            asked["runIds"] = [question.run_id]
        if question.job:
            asked["pipelineName"] = question.job
        if question.state is not None:
            asked["statuses"] = [question.state.name]
        variables = {"filter": asked, "cursor": question.after or None, "limit": question.limit}
        answer = self._ask(RUNS, variables)["runsOrError"]
        if answer["__typename"] != "Runs":
            raise ConfigurationError(f"Dagster does not list runs: {answer.get('message', answer['__typename'])}")
        return [self._shown(one) for one in answer["results"]]

    def page_of(self, run_id: str) -> str:
        """``/runs/<id>``."""
        return f"{self._pages}/runs/{run_id}" if self._pages else ""

    def check(self) -> None:
        """Ask for the versions of the webserver."""
        self._answer("GET", "/server_info")

    def _shown(self, run: Mapping[str, Any]) -> RunShown:
        return RunShown(
            run_id=run["runId"],
            job=run["jobName"],
            state=RunState[run["status"]],
            created_at=datetime.fromtimestamp(run["creationTime"], UTC),
            started_at=_instant(run["startTime"]),
            ended_at=_instant(run["endTime"]),
            tags={tag["key"]: tag["value"] for tag in run["tags"]},
            page=self.page_of(run["runId"]),
        )

    def _selector(self, job: str) -> dict[str, str]:
        # Looked for at each launch: code that is loaded anew may have another location.
        for repository in self._ask(WHERE, {})["repositoriesOrError"].get("nodes", []):
            if job in {one["name"] for one in repository["jobs"]}:
                where = repository["location"]["name"]
                return {"repositoryLocationName": where, "repositoryName": repository["name"], "jobName": job}
        raise ConfigurationError(f"Dagster at {self._url} has no job {job}")

    def _ask(self, query: str, variables: Mapping[str, object], timeout_s: float = _TIMEOUT_S) -> dict[str, Any]:
        content = self._answer("POST", "/graphql", {"query": query, "variables": dict(variables)}, timeout_s).json()
        if not content.get("data"):
            raise ConfigurationError(f"Dagster does not understand the question: {content.get('errors')}")
        data: dict[str, Any] = content["data"]
        return data

    def _answer(
        self, method: str, path: str, body: Mapping[str, object] | None = None, timeout_s: float = _TIMEOUT_S
    ) -> httpx.Response:
        if not self._url:
            raise ServerAway("dagster", "TRADING_DAGSTER_URL is unset, so no job can be launched")
        try:
            answer = self._http.request(method, f"{self._url}{path}", json=body, timeout=timeout_s)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise ServerAway("dagster", f"Dagster does not answer at {self._url}: {error}") from error
        return answer


def _instant(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)

"""Launch a job of a running Dagster and wait for its end, as a click in its UI would."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from dagster import DagsterRunStatus
from dagster_graphql import DagsterGraphQLClient, DagsterGraphQLClientError
from requests.exceptions import RequestException

from trading_pipeline.domain.model.errors import ConfigurationError

_ENDED = (DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED)
_POLL_S = 0.25


@dataclass(frozen=True, slots=True)
class LaunchedRun:
    """A run as it stood when we stopped looking.

    :param page: its address in the Dagster UI.
    """

    run_id: str
    status: DagsterRunStatus
    page: str

    @property
    def succeeded(self) -> bool:
        """Whether it has ended well."""
        return self.status is DagsterRunStatus.SUCCESS


def launch_job(
    dagster_url: str, job: str, ops: Mapping[str, Mapping[str, object]], timeout_s: float = 120.0
) -> LaunchedRun:
    """Run a job with the config of its ops and wait until it has ended, or for ``timeout_s`` wall seconds.

    :raises ConfigurationError: Dagster is not there, or refuses the config.
    """
    config = {"ops": {op: {"config": dict(values)} for op, values in ops.items()}}
    where = urlsplit(dagster_url)
    if not where.hostname:
        raise ConfigurationError(
            f"TRADING_DAGSTER_URL = {dagster_url!r} is no address of a Dagster UI; set it like http://127.0.0.1:3000/dagster"
        )
    try:
        client = DagsterGraphQLClient(
            where.hostname, where.port, use_https=where.scheme == "https", path_prefix=where.path.rstrip("/")
        )
        run_id = client.submit_job_execution(job, run_config=config)
        deadline = time.monotonic() + timeout_s
        # Not by the wall clock: setting it must neither end nor prolong the wait.
        while (status := client.get_run_status(run_id)) not in _ENDED and time.monotonic() < deadline:
            time.sleep(_POLL_S)
    except RequestException as error:
        raise ConfigurationError(f"Dagster does not answer at {dagster_url}: {error}; is the system up?") from error
    except DagsterGraphQLClientError as error:
        raise ConfigurationError(f"Dagster does not run {job}: {error}") from error
    return LaunchedRun(run_id, status, f"{dagster_url}/runs/{run_id}")

"""Backfills launched the way the Dagster UI launches them, and watched to their end."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import httpx

from trading_pipeline.adapters.orchestrator.dagster_jobs import DagsterJobs
from trading_pipeline.domain.model.errors import DataError

_STATUS = """
query ($id: String!) {
  partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill { status error { message } } }
}
"""
_PROGRESS = """
query ($id: String!) {
  partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill { assetBackfillData { assetBackfillStatuses {
    ... on AssetPartitionsStatusCounts { numPartitionsTargeted numPartitionsMaterialized }
  } } } }
}
"""
# Seconds; Dagster counts every partition for an answer.
_PROGRESS_EVERY_S = 2.0
# States that pass into another one by themselves.
_RUNNING = ("REQUESTED", "CANCELING", "FAILING", "COMPLETED_FAILING")


def launch_backfill(webserver: str, assets: Sequence[str], partitions: Sequence[str], title: str) -> str:
    """Ask the webserver for a backfill of ``assets`` over ``partitions``; returns its id.

    :raises DataError: Dagster refused it.
    """
    return DagsterJobs(webserver).backfill(assets, partitions, title).run_id


def wait_for_backfill(
    webserver: str,
    backfill_id: str,
    timeout_s: float,
    meanwhile: Callable[[], None] = lambda: None,
    told: Callable[[int], None] = lambda _: None,
) -> None:
    """Block until the backfill is complete, at most ``timeout_s`` wall seconds.

    :param meanwhile: called about five times a second.
    :param told: given the percentage of partitions that are materialised, whenever it has grown.
    :raises DataError: it failed, was cancelled, or took longer than ``timeout_s``.
    """
    # One client for all questions: to make one, with the certificates that it may need, costs more than to ask.
    with httpx.Client(base_url=webserver, timeout=30) as client:
        _wait(client, backfill_id, timeout_s, meanwhile, told)


def _wait(
    client: httpx.Client,
    backfill_id: str,
    timeout_s: float,
    meanwhile: Callable[[], None],
    told: Callable[[int], None],
) -> None:
    deadline, looked_at, percent = time.monotonic() + timeout_s, time.monotonic(), 0
    while True:
        state = _ask(client, _STATUS, backfill_id)
        if state["status"] == "COMPLETED_SUCCESS":
            return
        # By what goes on and not by what has failed: a state that Dagster adds must not be waited for till the end.
        if state["status"] not in _RUNNING:
            raise DataError(f"backfill {backfill_id} ended as {state['status']}; its runs in the Dagster UI say why")
        if time.monotonic() > deadline:
            raise DataError(f"backfill {backfill_id} is not complete after {timeout_s:.0f} s")
        meanwhile()
        if time.monotonic() - looked_at > _PROGRESS_EVERY_S:
            looked_at = time.monotonic()
            if (now := _percent(client, backfill_id)) > percent:
                told(percent := now)
        time.sleep(0.2)


def _percent(client: httpx.Client, backfill_id: str) -> int:
    """Percent of the targeted partitions that are materialised."""
    state = _ask(client, _PROGRESS, backfill_id)
    counts = (state.get("assetBackfillData") or {}).get("assetBackfillStatuses", [])
    targeted = sum(int(one.get("numPartitionsTargeted", 0)) for one in counts)
    done = sum(int(one.get("numPartitionsMaterialized", 0)) for one in counts)
    return 100 * done // targeted if targeted else 0


def _ask(client: httpx.Client, query: str, backfill_id: str) -> dict[str, Any]:
    """What Dagster says about the backfill."""
    response = client.post("/graphql", json={"query": query, "variables": {"id": backfill_id}})
    response.raise_for_status()
    state: dict[str, Any] = response.json()["data"]["partitionBackfillOrError"]
    return state

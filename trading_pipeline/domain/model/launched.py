"""Work that was handed to the orchestrator."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LaunchedJob:
    """A run that goes on by itself.

    :param page: its address in the Dagster UI.
    """

    job: str
    run_id: str
    page: str

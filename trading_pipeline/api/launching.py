"""Jobs that are launched through the API, each with its asker on record."""

from collections.abc import Mapping

from sqlalchemy import Engine

from trading_pipeline.api.asker import Asker
from trading_pipeline.domain.model.launched import LaunchedJob
from trading_pipeline.ports.orchestrator import JobLauncher


def launched(
    jobs: JobLauncher, engine: Engine, asker: Asker, job: str, ops: Mapping[str, Mapping[str, object]], subject: str
) -> LaunchedJob:
    """Launch, and put on record who did; what the run does is recorded by the run."""
    run = jobs.launch(job, ops)
    asker.record(engine, f"launch.{job}", subject, after={"run_id": run.run_id})
    return run

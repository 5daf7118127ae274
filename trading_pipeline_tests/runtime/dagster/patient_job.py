"""Definitions that a worker of a test executes: a job that only an interrupt ends, and one that ends by itself."""

import os
import signal
from pathlib import Path

import dagster as dg

from trading_pipeline.defs.execution.asked_again import asked_again


@dg.op
@asked_again
def wait(context: dg.OpExecutionContext) -> None:
    """Leave a file named after the run, and wait for a signal; a step like those that touch orders."""
    Path(os.environ["PATIENT_FOLDER"], context.run_id).touch()
    signal.pause()


@dg.op
def pass_by() -> None:
    """Nothing."""


@dg.job(executor_def=dg.in_process_executor)
def patient() -> None:
    """Until it is interrupted."""
    wait()


@dg.job(executor_def=dg.in_process_executor)
def brief() -> None:
    """At once."""
    pass_by()


defs = dg.Definitions(jobs=[patient, brief])

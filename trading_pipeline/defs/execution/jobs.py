"""Jobs that touch orders. They select no asset, so no backfill can reach them."""

import dagster as dg

from trading_pipeline.defs.execution.ops import (
    claim,
    follow,
    gate,
    manage,
    protect,
    reconcile_with_venue,
    record,
    submit,
)

QUEUE = {"dagster-celery/queue": "trading"}
"""The worker that nothing else may keep busy."""


@dg.job(executor_def=dg.in_process_executor, tags=QUEUE)
def execute_plans() -> None:
    """From new trade plans to protected positions."""
    claimed = claim()
    record(protect(claimed, submit(gate(claimed))))


@dg.job(executor_def=dg.in_process_executor, tags=QUEUE)
def manage_and_execute() -> None:
    """What a wave asks for where it finds both: leave first, then enter with what that freed."""
    claimed = claim(managed=manage())
    record(protect(claimed, submit(gate(claimed))))


@dg.job(name="manage_positions", executor_def=dg.in_process_executor, tags=QUEUE)
def manage_open_positions() -> None:
    """Look after open positions when bars close."""
    manage()


@dg.job(name="follow_fills", executor_def=dg.in_process_executor, tags=QUEUE)
def follow_booked_fills() -> None:
    """Move stops and targets as fills ask for."""
    follow()


@dg.job(name="reconcile", executor_def=dg.in_process_executor, tags=QUEUE)
def reconcile() -> None:
    """Venue truth against the ledger."""
    reconcile_with_venue()

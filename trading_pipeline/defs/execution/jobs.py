"""Jobs that touch orders. They select no asset, so no backfill can reach them."""

from datetime import timedelta

import dagster as dg

from trading_pipeline.defs.execution.ops import (
    claim,
    follow,
    gate,
    manage,
    protect,
    record,
    submit,
)
from trading_pipeline.defs.execution.reconcile_op import reconcile_with_venue
from trading_pipeline.defs.operations.queues import Priority, trading_tags

# The longest that a run may take before it is ended; what it left undone the next one finds in the ledger.
_ORDERS = trading_tags(Priority.ORDERS, timedelta(minutes=10), account="orders")
_RECONCILIATION = trading_tags(Priority.RECONCILIATION, timedelta(minutes=2), account="reconciliation")
"""The next one is a minute away, so that one which waits for the venue need not go on."""


@dg.job(executor_def=dg.in_process_executor, tags=_ORDERS)
def execute_plans() -> None:
    """From new trade plans to protected positions."""
    claimed = claim()
    record(protect(claimed, submit(gate(claimed))))


@dg.job(executor_def=dg.in_process_executor, tags=_ORDERS)
def manage_and_execute() -> None:
    """What a wave asks for where it finds both: leave first, then enter with what that freed."""
    # One run, because two would share the account: what is left frees the place and the money that is entered with.
    claimed = claim(managed=manage())
    record(protect(claimed, submit(gate(claimed))))


@dg.job(name="manage_positions", executor_def=dg.in_process_executor, tags=_ORDERS)
def manage_open_positions() -> None:
    """Look after open positions when bars close."""
    manage()


@dg.job(name="follow_fills", executor_def=dg.in_process_executor, tags=_ORDERS)
def follow_booked_fills() -> None:
    """Move stops and targets as fills ask for."""
    follow()


@dg.job(name="reconcile", executor_def=dg.in_process_executor, tags=_RECONCILIATION)
def reconcile() -> None:
    """Venue truth against the ledger."""
    reconcile_with_venue()

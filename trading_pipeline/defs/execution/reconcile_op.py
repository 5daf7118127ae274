"""The one step of a reconciliation: it settles, protects and halts, and may die at any line and be run again."""

from datetime import datetime

import dagster as dg

from trading_pipeline.adapters.stores.execution.ledger_trail import Written
from trading_pipeline.defs.execution.asked_again import asked_again
from trading_pipeline.defs.execution.ops import unanswered
from trading_pipeline.defs.execution.told import tell_changed_equity, tell_day, tell_ledger
from trading_pipeline.resources.venue import ExecutionResource
from trading_pipeline.services.accounting.record_equity import record_equity
from trading_pipeline.services.execution.reconcile_account import ReconcileResult, reconcile_account
from trading_pipeline.services.execution.watch_account import watch_account


@dg.op
@asked_again
def reconcile_with_venue(context: dg.OpExecutionContext, execution: ExecutionResource) -> None:
    """Hold the venue's account against the ledger; halt instruments that differ."""
    waiting = unanswered(execution)
    result = reconcile_account(context=execution.context)
    wallet = record_equity(trading=execution.context.trading, equity=execution.equity)
    # By the reading of this minute; a hard breaker closes at once, and the next minutes go on with what is left.
    closed = watch_account(
        context=execution.context,
        equity=execution.equity,
        health=execution.entry_health,
        events=execution.risk_events,
    )
    left = {**result.left, **closed}
    context.add_output_metadata(
        {
            "differences": {one.instrument_id: f"{one.kind}: {one.detail}" for one in result.differences},
            "gone": {one.instrument_id: f"{one.kind}: {one.detail}" for one in result.gone},
            "halted": list(result.halted),
            "followed": result.followed,
            "protected": {one.instrument_id: str(one.protection) for one in result.protected},
            "left": left,
            "mended": result.mended,
            "settled": {link: str(state) for link, state in result.settled.settled.items()},
        }
    )
    written = Written(
        context.run_id,
        orders=list(result.settled.settled),
        positions=[one.plan_id for one in result.protected],
        answered=waiting - unanswered(execution),
    )
    tell_ledger(context, execution.trail.rows(written))
    # Every minute, and most of them alike: the event log would grow by a reading a minute.
    tell_changed_equity(context, wallet)
    _tell_differences(context, result, execution.context.clock.now())


def _tell_differences(context: dg.OpExecutionContext, result: ReconcileResult, now: datetime) -> None:
    """Only where there are any: most minutes nothing differs, and nothing is written."""
    if result.differences or result.gone:
        found = [f"{one.instrument_id}: {one.kind}: {one.detail}" for one in result.differences]
        gone = [f"{one.instrument_id}: {one.kind}" for one in result.gone]
        written = len(found) + len(gone)
        tell_day(context, "reconciliation", now, {"rows_written": written, "differences": found, "gone": gone})
    if result.halted:
        tell_day(context, "halts", now, {"rows_written": len(result.halted), "scopes": list(result.halted)})

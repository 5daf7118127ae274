"""Hold the venue's account against the ledger."""

from dataclasses import dataclass

from trading_pipeline.domain.model.halts import Halt, HaltScope
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.risk.differences import Difference
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.services.execution.compare_account import compare_account
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline.services.execution.follow_fills import follow_fills
from trading_pipeline.services.execution.halt_trading import halt_trading
from trading_pipeline.services.execution.leave_by_operator import carry_on_leaving
from trading_pipeline.services.execution.protect_position import ProtectResult, protect_position
from trading_pipeline.services.execution.settle_orders import SettleResult


@dataclass(frozen=True, slots=True)
class ReconcileResult:
    """What was found and done.

    :param differences: disagreements seen twice in a row.
    :param halted: scopes that this call halted, each an instrument of the account.
    :param followed: position id to what was done about fills that nobody had answered.
    :param protected: what was done about positions of ours without a stop.
    :param left: instrument to what became of a position that an operator ordered to be closed.
    """

    differences: tuple[Difference, ...]
    halted: tuple[str, ...]
    followed: dict[str, str]
    protected: tuple[ProtectResult, ...]
    settled: SettleResult
    left: dict[str, str]


def reconcile_account(*, context: ExecutionContext) -> ReconcileResult:
    """Settle and compare, and where the two disagree twice: halt the instrument, keep protecting, call a human.

    Fills whose event was lost are answered here, and what an operator ordered to be closed is closed.

    Nothing else is closed, nothing adopted or lifted.

    :raises TemporaryVenueError: the venue does not answer.
    """
    fills = follow_fills(context=context)
    # Before the comparison, which would otherwise find what an operator has ordered to be closed.
    left = carry_on_leaving(context=context)
    protected = _protect_naked(context)
    confirmed = compare_account(context=context)
    context.halts.record_differences(confirmed, context.run_id, context.clock.now())
    halted = _halt(context, confirmed)
    return ReconcileResult(confirmed, halted, fills.positions, protected, fills.settled, left)


def _protect_naked(context: ExecutionContext) -> tuple[ProtectResult, ...]:
    """A position of ours without a stop is not left for a second look."""
    naked = {held.instrument_id for held in context.retries.read(context.trading.positions) if held.stop_loss is None}
    plans = [
        context.ledger.plan(ours.plan_id) for ours in context.ledger.live_positions() if ours.instrument_id in naked
    ]
    return tuple(_protect(context, plan) for plan in plans)


def _protect(context: ExecutionContext, plan: TradePlan) -> ProtectResult:
    with context.ledger.holding(plan.plan_id):
        return protect_position(context=context, plan=plan)


def _halt(context: ExecutionContext, differences: tuple[Difference, ...]) -> tuple[str, ...]:
    halted = []
    for one in differences:
        reason = f"reconciliation: {one.kind}: {one.detail}"
        halt = Halt(HaltScope.of(one.account_id, one.instrument_id), reason, context.clock.now(), run_id=context.run_id)
        # Only a new halt is announced as one; a difference that stands is repeated quietly.
        if halt_trading(halts=context.halts, notifier=context.notifier, halt=halt):
            halted.append(halt.scope)
        else:
            context.notifier.notify(Severity.WARNING, f"still different: {one.instrument_id}", reason)
    return tuple(halted)

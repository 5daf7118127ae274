"""Hold the venue's account against the ledger."""

from dataclasses import dataclass

from trading_pipeline.domain.model.halts import Halt, HaltScope
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.risk.differences import Difference
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.services.execution.execution_context import POSITION_TROUBLE, ExecutionContext
from trading_pipeline.services.execution.follow_fills import follow_fills
from trading_pipeline.services.execution.halt_trading import halt_trading
from trading_pipeline.services.execution.leave_by_operator import carry_on_leaving
from trading_pipeline.services.execution.mend_differences import mend_differences
from trading_pipeline.services.execution.observe_differences import observe_differences
from trading_pipeline.services.execution.protect_position import ProtectResult, protect_position
from trading_pipeline.services.execution.settle_orders import SettleResult


@dataclass(frozen=True, slots=True)
class ReconcileResult:
    """What was found and done.

    :param differences: disagreements seen twice in a row.
    :param gone: disagreements that stood at the comparison before and do no more.
    :param halted: scopes that this call halted, each an instrument of the account.
    :param followed: position id to what was done about fills that nobody had answered.
    :param protected: what was done about positions of ours without a stop.
    :param left: instrument to what became of a position that an operator ordered to be closed.
    :param mended: instrument to what was mended by itself, or why it was not; empty unless the configuration says so.
    """

    differences: tuple[Difference, ...]
    gone: tuple[Difference, ...]
    halted: tuple[str, ...]
    followed: dict[str, str]
    protected: tuple[ProtectResult, ...]
    settled: SettleResult
    left: dict[str, str]
    mended: dict[str, str]


def reconcile_account(*, context: ExecutionContext) -> ReconcileResult:
    """Settle and compare, and where the two disagree twice: halt the instrument, keep protecting, call a human.

    Fills whose event was lost are answered here, and what an operator ordered to be closed is closed.

    Nothing else is closed, nothing adopted or lifted, unless ``reconciliation.autofix`` names the kind of difference.

    :raises TemporaryVenueError: the venue does not answer.
    """
    # First: a fill that is merely unheard would be found as a difference, and halt its instrument.
    fills = follow_fills(context=context)
    _tell_problems(context, fills.settled.problems)
    unlisted = _halt_unlisted(context)
    # Before the comparison, which would otherwise find what an operator has ordered to be closed.
    left = carry_on_leaving(context=context)
    # After what is to be closed, which needs no stop any more.
    protected = _protect_naked(context)
    seen = observe_differences(context=context)
    _tell_gone(context, seen.gone)
    halted = (*unlisted, *_halt(context, seen.standing))
    mended = mend_differences(context=context, standing=seen.standing)
    return ReconcileResult(seen.standing, seen.gone, halted, fills.positions, protected, fills.settled, left, mended)


def _protect_naked(context: ExecutionContext) -> tuple[ProtectResult, ...]:
    """A position of ours without a stop is not left for a second look."""
    naked = {held.instrument_id for held in context.retries.read(context.trading.positions) if held.stop_loss is None}
    plans = [
        context.ledger.plan(ours.plan_id) for ours in context.ledger.live_positions() if ours.instrument_id in naked
    ]
    return tuple(filter(None, (_protect(context, plan) for plan in plans)))


def _protect(context: ExecutionContext, plan: TradePlan) -> ProtectResult | None:
    try:
        with context.ledger.holding(plan.plan_id):
            return protect_position(context=context, plan=plan)
    # Nothing follows for the others: they may be without a stop, too.
    except POSITION_TROUBLE as error:
        context.notifier.notify(
            Severity.CRITICAL,
            f"no stop: {plan.instrument_id}",
            f"Plan {plan.plan_id} has no live stop and it cannot be set: {error}. It is tried again in a minute; set "
            "one at the venue if this repeats.",
        )
        return None


def _halt_unlisted(context: ExecutionContext) -> tuple[str, ...]:
    """Halt what we have orders or a position in and the venue lists no more; a person has to look at it once."""
    ordered = {record.intent.instrument_id for record in context.ledger.open_intents()}
    held = {position.instrument_id for position in context.ledger.live_positions()}
    halted = []
    for instrument_id in sorted((ordered | held) - context.instruments.keys()):
        reason = "the venue lists it no more; close what is left of it at the venue"
        scope = HaltScope.of(context.account_id, instrument_id)
        halt = Halt(scope, reason, context.clock.now(), run_id=context.run_id)
        if halt_trading(halts=context.halts, notifier=context.notifier, halt=halt):
            halted.append(halt.scope)
    return tuple(halted)


def _tell_problems(context: ExecutionContext, problems: tuple[str, ...]) -> None:
    if problems:
        context.notifier.notify(
            Severity.WARNING,
            f"{len(problems)} questions unanswered",
            f"The venue did not answer: {'; '.join(problems)}. They are asked again in a minute.",
        )


def _tell_gone(context: ExecutionContext, gone: tuple[Difference, ...]) -> None:
    """A person decides whether entries go on: what vanished by itself may come back by itself."""
    for one in gone:
        body = f"{one.kind} is gone: {one.detail}. `trading-pipeline resume {one.instrument_id}` lets entries go on."
        context.notifier.notify(Severity.INFO, f"agrees again: {one.instrument_id}", body)


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

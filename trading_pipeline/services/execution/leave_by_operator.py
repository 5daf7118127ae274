"""Leave a position because a person or the circuit breaker says so, and go on with it until it is flat."""

from trading_pipeline.domain.model.halts import Halt
from trading_pipeline.domain.model.orders import Purpose
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.model.positions import Position
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.services.execution.cancel_leftovers import cancel_leftovers
from trading_pipeline.services.execution.execution_context import POSITION_TROUBLE, ExecutionContext
from trading_pipeline.services.execution.leave_position import leave_position

# Where both order it, it is the operator's exit, so this one is looked for first.
_ORDERED = (Purpose.OPERATOR_EXIT, Purpose.CIRCUIT_EXIT)


def leave_by_operator(*, context: ExecutionContext, plan: TradePlan) -> bool:
    """Leave the position that the plan opened because a person says so; see ``leave_position``.

    :returns: whether the venue is flat and no entry can fill any more.
    :raises VenueError: it is not known what became of an order; doing it again is harmless.
    """
    return leave_position(context=context, plan=plan, purpose=Purpose.OPERATOR_EXIT)


def carry_on_leaving(*, context: ExecutionContext) -> dict[str, str]:
    """Close every position that a halt flattens or whose closing was ordered and begun and is not finished.

    One position's trouble does not keep the others waiting; it is tried again by the next call.

    :returns: instrument to what became of its position.
    """
    flattening = [halt for halt in context.halts.halts() if halt.flatten]
    due = [(position, _ordered(context, position, flattening)) for position in context.ledger.live_positions()]
    left = {
        str(position.instrument_id): _leave(context, position, purpose)
        for position, purpose in due
        if purpose is not None
    }
    cancel_leftovers(context=context)  # of those, too, that a run closed before it was killed
    return left


def _ordered(context: ExecutionContext, position: Position, flattening: list[Halt]) -> Purpose | None:
    """As what the position is to be closed; ``None`` when nobody says so."""
    account_id, instrument_id = position.account_id, position.instrument_id
    says = {
        Purpose.CIRCUIT_EXIT if halt.kind.of_circuit else Purpose.OPERATOR_EXIT
        for halt in flattening
        if halt.scope.covers(account_id, instrument_id)
    }
    says |= {one.intent.purpose for one in context.ledger.intents_of(position.plan_id)}
    return next((purpose for purpose in _ORDERED if purpose in says), None)


def _leave(context: ExecutionContext, position: Position, purpose: Purpose) -> str:
    try:
        flat = leave_position(context=context, plan=context.ledger.plan(position.plan_id), purpose=purpose)
    except POSITION_TROUBLE as error:
        context.notifier.notify(
            Severity.CRITICAL,
            f"cannot close {position.instrument_id}",
            f"Plan {position.plan_id}: {error}. It is tried again; close it at the venue if this repeats.",
        )
        return f"venue: {error}"
    return "closed" if flat else "closing failed"

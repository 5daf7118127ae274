"""A halt stops entries that rest at the venue, too: they are taken back, not left to fill."""

from trading_pipeline.domain.model.halts import HaltKind
from trading_pipeline.domain.model.orders import IntentRecord, Purpose
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.services.execution.cancel_leftovers import cancel_order
from trading_pipeline.services.execution.execution_context import POSITION_TROUBLE, ExecutionContext


def withdraw_halted(*, context: ExecutionContext) -> tuple[str, ...]:
    """Take back every entry that rests and that a halt covers; stops and take profits are left alone.

    Repeating it changes nothing. The lock that runs hold is not waited for: a run that hangs holds it for ever.

    :returns: link ids of those that are over now.
    """
    # Until the account was compared for the first time nothing is known against what rests.
    halts = [halt for halt in context.halts.halts() if halt.kind is not HaltKind.START]
    taken = []
    for record in context.ledger.open_intents() if halts else ():
        instrument_id = record.intent.instrument_id
        halt = next((one for one in halts if one.scope.covers(context.account_id, instrument_id)), None)
        # Of an unsettled one nobody knows whether there is anything to take back; whoever settles it finds out.
        if halt is None or record.intent.purpose is not Purpose.ENTRY or record.state.unsettled:
            continue
        if _taken_back(context, record, str(halt)):
            taken.append(record.intent.order_link_id)
    return tuple(taken)


def _taken_back(context: ExecutionContext, record: IntentRecord, why: str) -> bool:
    link_id = record.intent.order_link_id
    try:
        # First that nothing follows: the end of the order would be taken for the turn of the next one.
        context.ledger.continue_entry(link_id, None)
        return cancel_order(context, record, why).final
    # Another one may be taken back all the same; this one is tried at the next look.
    except POSITION_TROUBLE as error:
        body = f"{error}. It is tried again; take it back at the venue if this repeats."
        context.notifier.notify(Severity.WARNING, f"entry still rests: {link_id}", body)
        return False

"""A person closes one position, or everything a kill switch covers."""

from collections.abc import Callable

from trading_pipeline.domain.model.commands import OperatorCommand
from trading_pipeline.domain.model.errors import ConfigurationError, VenueError
from trading_pipeline.domain.model.halts import ALL
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.services.execution.cancel_leftovers import cancel_leftovers
from trading_pipeline.services.execution.controls import Controls, recorded
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline.services.execution.leave_by_operator import carry_on_leaving, leave_by_operator

OpenContext = Callable[[], ExecutionContext]
"""Asks the venue for what is needed; called once the command is recorded, so that one that fails for it is, too."""


def close_by_operator(*, open_context: OpenContext, controls: Controls, command: OperatorCommand) -> bool:
    """Close our position in the command's instrument at market, and take back what rests.

    Twice is once: where nothing is open, nothing is sent. What no plan of ours opened is left alone.

    :param open_context: the account.
    :returns: whether there was anything to close.
    :raises VenueError: it is not flat, or not known to be; doing it again is harmless, and ``reconcile`` goes on with
        an order that was begun.
    :raises ConfigurationError: the command gives no reason, or names no instrument.
    """
    command.require_reason()
    instrument_id = _instrument(command)
    # Recorded before the venue is asked, so that a command that fails for it is on record too.
    with recorded(controls.commands, command) as done:
        context = open_context()
        ours = [one for one in context.ledger.live_positions() if one.instrument_id == instrument_id]
        flat = all(leave_by_operator(context=context, plan=context.ledger.plan(one.plan_id)) for one in ours)
        leftovers = cancel_leftovers(context=context)
        held = context.retries.read(lambda: context.trading.position(instrument_id))
        # Reduce-only orders of ours carry a plan's id; what no plan opened has none that could close it.
        if held is not None and not ours:
            raise VenueError(
                f"the venue holds {held.quantity} of {instrument_id} on the {held.side} side that no plan of ours "
                "opened; close it at the venue"
            )
        if held is not None or not flat:
            raise VenueError(f"{instrument_id} is not flat yet; close it again, or at the venue")
        done.append(f"closed position {ours[0].position_id}" if ours else "nothing was open")
        done.extend(f"not cancelled: {problem}" for problem in leftovers.problems)
    return bool(ours)


def _instrument(command: OperatorCommand) -> InstrumentId:
    if command.scope == ALL:
        raise ConfigurationError(
            "a close names one instrument; the kill switch closes everything: kill-switch on --close"
        )
    return InstrumentId.parse(command.scope)


def flatten_by_operator(*, open_context: OpenContext, controls: Controls, command: OperatorCommand) -> dict[str, str]:
    """Close every position that a flattening halt covers; the halt stands, so that nothing new can come in.

    :param open_context: the account.
    :returns: instrument to what became of its position.
    :raises VenueError: one of them is not flat; ``reconcile`` tries it every minute while the halt stands.
    """
    with recorded(controls.commands, command) as done:
        left = carry_on_leaving(context=open_context())
        done.extend(f"{instrument_id} {what}" for instrument_id, what in left.items())
        open_still = {name: what for name, what in left.items() if what != "closed"}
        if open_still:
            told = "; ".join(f"{name}: {what}" for name, what in open_still.items())
            raise VenueError(f"not everything is flat: {told}. It is tried again every minute")
        if not left:
            done.append("nothing was open")
    return left

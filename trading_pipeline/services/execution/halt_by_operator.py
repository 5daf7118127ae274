"""A person stops new entries."""

from trading_pipeline.domain.model.commands import OperatorCommand
from trading_pipeline.domain.model.halts import Halt
from trading_pipeline.services.execution.controls import Controls, recorded
from trading_pipeline.services.execution.halt_trading import halt_trading


def halt_by_operator(*, controls: Controls, command: OperatorCommand, flatten: bool = False) -> bool:
    """Halt the command's scope; the gate refuses entries from the next question on, exits and protection go on.

    No venue is asked, so it works while none answers. Repeating it changes nothing.

    :param flatten: whether what is open in the scope is to be closed, too; whoever trades does it.
    :returns: whether the halt is new; of one that stands the first reason stays.
    :raises ConfigurationError: the command gives no reason.
    """
    command.require_reason()
    with recorded(controls.commands, command) as done:
        # The command's own time, which is wall time: no venue is asked.
        halt = Halt(command.scope, command.reason, command.given_at, flatten, command.run_id)
        new = halt_trading(halts=controls.halts, notifier=controls.notifier, halt=halt)
        done.append("halted" if new else "was halted already")
        if flatten:
            done.append("what is open is to be closed")
    return new

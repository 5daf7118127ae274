"""A person lets entries go on, unless venue and ledger still differ."""

from collections.abc import Callable, Sequence

from trading_pipeline.domain.model.commands import OperatorCommand
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.halts import HaltScope
from trading_pipeline.domain.risk.differences import Difference
from trading_pipeline.services.execution.controls import Controls, recorded
from trading_pipeline.services.execution.halt_trading import resume_trading

Compare = Callable[[], Sequence[Difference]]


def resume_by_operator(*, controls: Controls, command: OperatorCommand, compare: Compare, forced: bool = False) -> bool:
    """Lift the halt of the command's scope. Whoever set it, the venue is compared with the ledger first.

    An operator's halt may hide one that reconciliation would have set, so that its own are not the only ones it is
    asked about. Plans that were denied meanwhile stay denied. The circuit breaker is not lifted: it ends with the day.

    :param compare: asks the venue; not called where nothing stands or the resume is forced.
    :param forced: lift without asking; needs a reason.
    :returns: whether a halt stood.
    :raises DataError: a difference stands that this halt keeps entries away from.
    :raises TemporaryVenueError: the venue cannot be asked.
    :raises ConfigurationError: forced without a reason.
    """
    if forced:
        command.require_reason()
    with recorded(controls.commands, command) as done:
        of_scope = [halt for halt in controls.halts.halts() if halt.scope == command.scope]
        circuit = next((halt for halt in of_scope if halt.kind.of_circuit), None)
        stands = any(not halt.kind.of_circuit for halt in of_scope)
        # Nothing is asked where nothing stands: a resume by mistake works while no venue answers.
        if stands and not forced:
            _refuse_difference(controls, command.scope, compare())
        lifted = resume_trading(halts=controls.halts, notifier=controls.notifier, scope=command.scope)
        done.append("nothing was halted" if not lifted else "lifted without asking" if forced else "lifted")
        if circuit is not None:
            done.append(f"the circuit breaker ends with the UTC day: {circuit}")
    return lifted


def _refuse_difference(controls: Controls, scope: HaltScope, differences: Sequence[Difference]) -> None:
    """What another halt covers, too, stays halted, whatever becomes of this one."""
    # To resume everything is allowed while one instrument differs, as long as that one is halted by itself.
    others = [halt.scope for halt in controls.halts.halts() if halt.scope != scope]
    exposed = [
        one
        for one in differences
        if scope.covers(one.account_id, one.instrument_id)
        and not any(other.covers(one.account_id, one.instrument_id) for other in others)
    ]
    if exposed:
        found = "; ".join(f"{one.instrument_id} {one.kind}: {one.detail}" for one in exposed)
        raise DataError(
            f"{scope} stays halted, venue and ledger differ: {found}. Mend it at the venue and resume again, or force "
            "the resume with a reason"
        )

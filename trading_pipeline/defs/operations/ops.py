"""Commands of people as ops: the same services that the command line calls, with the run as their record."""

import dagster as dg

from trading_pipeline.adapters.stores.execution.ledger_trail import Written
from trading_pipeline.defs.execution.asked_again import asked_again
from trading_pipeline.defs.execution.told import Told, tell_day, tell_ledger
from trading_pipeline.defs.operations.commands import Closed, Resumed, Scoped, Switched
from trading_pipeline.domain.model.commands import CommandVerb, OperatorCommand
from trading_pipeline.domain.model.halts import ALL, HaltScope
from trading_pipeline.resources.venue import ExecutionResource
from trading_pipeline.services.execution.close_by_operator import close_by_operator, flatten_by_operator
from trading_pipeline.services.execution.compare_account import compare_account
from trading_pipeline.services.execution.find_scope import find_scope
from trading_pipeline.services.execution.halt_by_operator import halt_by_operator
from trading_pipeline.services.execution.resume_by_operator import resume_by_operator


def named_scope(execution: ExecutionResource, text: str, *, lifting: bool = False) -> HaltScope:
    """The scope that a person named.

    :raises ConfigurationError: there is no such scope; the message names the nearest.
    """
    controls, universe = execution.controls, execution.parameters.universe
    halts, positions = controls.halts, execution.positions
    return find_scope(text=text, universe=universe, halts=halts, positions=positions, lifting=lifting)


def _lift(execution: ExecutionResource, command: OperatorCommand, *, forced: bool) -> bool:
    return resume_by_operator(
        controls=execution.controls,
        command=command,
        # Not asked yet: a forced resumption must work while the venue does not answer.
        compare=lambda: compare_account(context=execution.context),
        forced=forced,
    )


def _tell_halt(context: dg.OpExecutionContext, command: OperatorCommand, *, changed: bool) -> None:
    """A halt that was set or lifted; none where it stood, or did not, before."""
    if changed:
        told: dict[str, Told] = {"rows_written": 1, "scopes": [command.scope], "by": command.actor}
        tell_day(context, "halts", command.given_at, told)


@dg.op
def stop_entries(context: dg.OpExecutionContext, execution: ExecutionResource, config: Scoped) -> None:
    """Halt a scope; no venue is asked."""
    command = config.command(CommandVerb.HALT, named_scope(execution, config.scope), context.run_id)
    new = halt_by_operator(controls=execution.controls, command=command)
    context.add_output_metadata({"scope": command.scope, "new": new})
    _tell_halt(context, command, changed=new)


@dg.op
def allow_entries(context: dg.OpExecutionContext, execution: ExecutionResource, config: Resumed) -> None:
    """Lift the halt of a scope where venue and ledger agree."""
    command = config.command(CommandVerb.RESUME, named_scope(execution, config.scope, lifting=True), context.run_id)
    lifted = _lift(execution, command, forced=config.force)
    context.add_output_metadata({"scope": command.scope, "lifted": lifted})
    _tell_halt(context, command, changed=lifted)


@dg.op
def switch(context: dg.OpExecutionContext, execution: ExecutionResource, config: Switched) -> OperatorCommand:
    """Turn the kill switch; what it says about open positions is the next step's."""
    verb = CommandVerb.HALT if config.on else CommandVerb.RESUME
    command = config.command(verb, ALL, context.run_id)
    if config.on:
        changed = halt_by_operator(controls=execution.controls, command=command, flatten=config.close)
    else:
        changed = _lift(execution, command, forced=config.force)
    context.add_output_metadata({"on": config.on, "changed": changed})
    _tell_halt(context, command, changed=changed)
    # A command of its own: turning the switch and closing what is open succeed or fail apart, and so are recorded.
    return config.command(CommandVerb.FLATTEN, ALL, context.run_id)


@dg.op
@asked_again
def flatten(context: dg.OpExecutionContext, execution: ExecutionResource, switched: OperatorCommand) -> None:
    """Close what the kill switch covers, where it says so; ``reconcile`` goes on with what is left."""
    if not any(halt.flatten for halt in execution.controls.halts.halts() if halt.scope == ALL):
        return
    left = flatten_by_operator(open_context=lambda: execution.context, controls=execution.controls, command=switched)
    context.add_output_metadata({"left": left})
    tell_ledger(context, execution.trail.rows(Written(context.run_id)))


@dg.op
@asked_again
def close_out(context: dg.OpExecutionContext, execution: ExecutionResource, config: Closed) -> None:
    """Close one instrument's position at market and take back what rests."""
    scope = named_scope(execution, config.instrument)
    command = config.command(CommandVerb.CLOSE, scope, context.run_id)
    closed = close_by_operator(open_context=lambda: execution.context, controls=execution.controls, command=command)
    context.add_output_metadata({"instrument_id": scope, "closed": closed})
    tell_ledger(context, execution.trail.rows(Written(context.run_id)))

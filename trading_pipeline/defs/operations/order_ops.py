"""Commands of people about one signal, position or order, as ops."""

import dagster as dg

from trading_pipeline.adapters.stores.execution.ledger_trail import Written
from trading_pipeline.defs.execution.asked_again import asked_again
from trading_pipeline.defs.execution.told import tell_ledger
from trading_pipeline.defs.operations.commands import Cancelled, Opened, StopOrdered
from trading_pipeline.defs.operations.ops import named_scope
from trading_pipeline.domain.model.commands import CommandVerb, OperatorCommand
from trading_pipeline.domain.model.plans import Claim
from trading_pipeline.resources.operator_questions import scope_of
from trading_pipeline.resources.venue import ExecutionResource
from trading_pipeline.services.execution.cancel_by_operator import cancel_by_operator
from trading_pipeline.services.execution.move_stop_by_operator import move_stop_by_operator
from trading_pipeline.services.execution.open_by_operator import conclude_opening, take_up_by_operator


@dg.op(out={"claimed": dg.Out(), "command": dg.Out()})
@asked_again
def take_up(
    context: dg.OpExecutionContext, execution: ExecutionResource, config: Opened
) -> tuple[Claim, OperatorCommand]:
    """Claim the plan of one signal; the steps of `execute_plans` follow."""
    scope = scope_of(execution.stores.engine, "signals", config.signal_id)
    command = config.command(CommandVerb.OPEN, scope, context.run_id)
    claimed = take_up_by_operator(
        open_context=lambda: execution.context,
        controls=execution.controls,
        strategies=execution.parameters.strategies,
        command=command,
        signal_id=config.signal_id,
    )
    return claimed, command


@dg.op(ins={"recorded": dg.In(dg.Nothing)})
def conclude(
    context: dg.OpExecutionContext, execution: ExecutionResource, claimed: Claim, command: OperatorCommand
) -> None:
    """Say what became of the command; the run fails where nothing was entered."""
    (plan,) = claimed.plans
    plans, controls = execution.context.ledger, execution.controls
    context.log.info(conclude_opening(plans=plans, controls=controls, command=command, plan=plan))


@dg.op
@asked_again
def set_stop(context: dg.OpExecutionContext, execution: ExecutionResource, config: StopOrdered) -> None:
    """Put the stop of an open position where a person wants it."""
    command = config.command(CommandVerb.MOVE_STOP, named_scope(execution, config.instrument), context.run_id)
    moved = move_stop_by_operator(
        open_context=lambda: execution.context, controls=execution.controls, command=command, wanted=config.wanted
    )
    context.add_output_metadata({"instrument_id": command.scope, "done": moved.said})
    tell_ledger(context, execution.trail.rows(Written(positions=[moved.position_id])))


@dg.op
@asked_again
def take_back(context: dg.OpExecutionContext, execution: ExecutionResource, config: Cancelled) -> None:
    """Cancel one limit order of ours, and look after its position."""
    link_id = config.order_link_id
    command = config.command(CommandVerb.CANCEL, scope_of(execution.stores.engine, "orders", link_id), context.run_id)
    said = cancel_by_operator(
        open_context=lambda: execution.context, controls=execution.controls, command=command, order_link_id=link_id
    )
    context.add_output_metadata({"order_link_id": link_id, "done": said})
    tell_ledger(context, execution.trail.rows(Written(context.run_id, orders=[link_id])))

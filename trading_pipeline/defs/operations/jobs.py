"""Jobs that people launch. They select no asset and no schedule starts them."""

from datetime import timedelta

import dagster as dg

from trading_pipeline.defs.execution.ops import gate, protect, record, submit
from trading_pipeline.defs.operations.ops import allow_entries, close_out, flatten, stop_entries, switch
from trading_pipeline.defs.operations.order_ops import conclude, set_stop, take_back, take_up
from trading_pipeline.defs.operations.queues import Priority, trading_tags

_COMMAND = trading_tags(Priority.COMMAND, timedelta(minutes=15))
"""Without the account's tag: a command may take the process that waves have for themselves."""


@dg.job(executor_def=dg.in_process_executor, tags=_COMMAND)
def halt() -> None:
    """No new entries in an instrument, or in any; what is open stays protected."""
    stop_entries()


@dg.job(executor_def=dg.in_process_executor, tags=_COMMAND)
def resume() -> None:
    """Let entries go on where venue and ledger agree."""
    allow_entries()


@dg.job(executor_def=dg.in_process_executor, tags=_COMMAND)
def kill_switch() -> None:
    """On: nothing new is entered, and if told so everything is closed. Off: entries go on."""
    flatten(switch())


@dg.job(executor_def=dg.in_process_executor, tags=_COMMAND)
def close_position() -> None:
    """Close one instrument's position at market."""
    close_out()


@dg.job(executor_def=dg.in_process_executor, tags=_COMMAND)
def open_from_signal() -> None:
    """Enter what a stored signal says, by the gate and the orders of every other plan."""
    claimed, command = take_up()
    done = record(protect(claimed, submit(gate(claimed))))
    conclude(claimed, command, recorded=done)


@dg.job(executor_def=dg.in_process_executor, tags=_COMMAND)
def move_stop() -> None:
    """Put the stop of an open position elsewhere."""
    set_stop()


@dg.job(executor_def=dg.in_process_executor, tags=_COMMAND)
def cancel_order() -> None:
    """Take back one limit order that rests; stops are moved, never cancelled."""
    take_back()


OPERATOR_JOBS = (halt, resume, kill_switch, close_position, open_from_signal, move_stop, cancel_order)
"""Every command of a person; what shows them and what keeps their history go by this list."""

"""Jobs that people launch. They select no asset and no schedule starts them."""

import dagster as dg

from trading_pipeline.defs.execution.jobs import QUEUE
from trading_pipeline.defs.operations.ops import allow_entries, close_out, flatten, stop_entries, switch


@dg.job(executor_def=dg.in_process_executor, tags=QUEUE)
def halt() -> None:
    """No new entries in an instrument, or in any; what is open stays protected."""
    stop_entries()


@dg.job(executor_def=dg.in_process_executor, tags=QUEUE)
def resume() -> None:
    """Let entries go on where venue and ledger agree."""
    allow_entries()


@dg.job(executor_def=dg.in_process_executor, tags=QUEUE)
def kill_switch() -> None:
    """On: nothing new is entered, and if told so everything is closed. Off: entries go on."""
    flatten(switch())


@dg.job(executor_def=dg.in_process_executor, tags=QUEUE)
def close_position() -> None:
    """Close one instrument's position at market."""
    close_out()

"""``trading-pipeline open``: enter what a stored signal says."""

import getpass
import sys
from typing import Annotated

import typer

from trading_pipeline.cli.remote import RemoteApi, Url
from trading_pipeline.cli.running_system import Reason, StateDir, database_of, run_job, settings_of


def open_signal(
    signal_id: Annotated[str, typer.Argument(help="of a stored signal whose plan was not executed")],
    reason: Reason,
    state_dir: StateDir = None,
    url: Url = "",
) -> None:
    """Enter what a stored signal says, by the gate and the orders of every other plan, as a run of Dagster."""
    if url:
        api = RemoteApi(url)
        run = api.order("POST", f"/execution/signals/{signal_id}/open", {"reason": reason})
        sys.stdout.write(f"signal {signal_id} is being opened: {api.page(run['run_page'])}\n")
        return
    from trading_pipeline.resources.operator_questions import scope_of

    config = {"signal_id": signal_id, "reason": reason, "actor": getpass.getuser()}
    settings = settings_of(state_dir)
    with database_of(settings) as engine:
        # Before a run is launched: the run could not even say whose record the refusal belongs to.
        scope_of(engine, "signals", signal_id)
    run_job(settings, "open_from_signal", {"take_up": config})
    sys.stdout.write(f"signal {signal_id} was opened\n")

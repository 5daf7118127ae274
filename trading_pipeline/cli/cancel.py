"""``trading-pipeline cancel``: take one order back."""

import getpass
import sys
from typing import Annotated

import typer

from trading_pipeline.cli.remote import RemoteApi, Url
from trading_pipeline.cli.running_system import Reason, StateDir, database_of, run_job, settings_of


def cancel(
    order_link_id: Annotated[str, typer.Argument(help="of a limit entry or a target, as `orders` lists it")],
    reason: Reason,
    state_dir: StateDir = None,
    url: Url = "",
) -> None:
    """Take back a limit order that rests, as a run of Dagster; stops are moved, never cancelled."""
    if url:
        api = RemoteApi(url)
        run = api.order("POST", f"/execution/orders/{order_link_id}/cancel", {"reason": reason})
        sys.stdout.write(f"{order_link_id} is being taken back: {api.page(run['run_page'])}\n")
        return
    from trading_pipeline.resources.operator_questions import scope_of

    config = {"order_link_id": order_link_id, "reason": reason, "actor": getpass.getuser()}
    settings = settings_of(state_dir)
    with database_of(settings) as engine:
        # Before a run is launched: the run could not even say whose record the refusal belongs to.
        scope_of(engine, "orders", order_link_id)
    run_job(settings, "cancel_order", {"take_back": config})
    sys.stdout.write(f"{order_link_id} was taken back\n")

"""``trading-pipeline cancel``: take one order back."""

from typing import Annotated

import typer

from trading_pipeline.cli.record_command import RecordCommand
from trading_pipeline.cli.remote import Url
from trading_pipeline.cli.running_system import Reason, StateDir
from trading_pipeline.cli.written import Json

_CANCEL = RecordCommand(
    collection="orders",
    parameter="order_link_id",
    verb="cancel",
    job="cancel_order",
    op="take_back",
    begun="{} is being taken back",
    done="{} was taken back",
)


def cancel(
    order_link_id: Annotated[str, typer.Argument(help="of a limit entry or a target, as `orders` lists it")],
    reason: Reason,
    as_json: Json = False,
    state_dir: StateDir = None,
    url: Url = "",
) -> None:
    """Take back a limit order that rests, as a run of Dagster; stops are moved, never cancelled."""
    _CANCEL.order(order_link_id, reason, state_dir, url, as_json=as_json)

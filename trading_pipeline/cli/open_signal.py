"""``trading-pipeline open``: enter what a stored signal says."""

from typing import Annotated

import typer

from trading_pipeline.cli.record_command import RecordCommand
from trading_pipeline.cli.remote import Url
from trading_pipeline.cli.running_system import Reason, StateDir
from trading_pipeline.cli.written import Json

_OPEN = RecordCommand(
    collection="signals",
    parameter="signal_id",
    verb="open",
    job="open_from_signal",
    op="take_up",
    begun="signal {} is being opened",
    done="signal {} was opened",
)


def open_signal(
    signal_id: Annotated[str, typer.Argument(help="of a stored signal whose plan was not executed")],
    reason: Reason,
    as_json: Json = False,
    state_dir: StateDir = None,
    url: Url = "",
) -> None:
    """Enter what a stored signal says, by the gate and the orders of every other plan, as a run of Dagster."""
    _OPEN.order(signal_id, reason, state_dir, url, as_json=as_json)

"""``trading-pipeline close``: leave one position."""

import getpass
import sys
from typing import Annotated

import typer

from trading_pipeline.cli.remote import RemoteApi, Url
from trading_pipeline.cli.running_system import Reason, StateDir, run_job, settings_of


def close(
    instrument: Annotated[str, typer.Argument(help="such as BTCUSDT or BTCUSDT.BYBIT")],
    reason: Reason,
    state_dir: StateDir = None,
    url: Url = "",
) -> None:
    """Close a position at market and take back what rests of it, as a run of Dagster like every other order."""
    if url:
        _close_there(RemoteApi(url), instrument, reason)
        return
    config = {"instrument": instrument, "reason": reason, "actor": getpass.getuser()}
    run_job(settings_of(state_dir), "close_position", {"close_out": config})
    sys.stdout.write(f"{instrument} is flat and nothing of ours rests\n")


def _close_there(api: RemoteApi, instrument: str, reason: str) -> None:
    """The run goes on over there; its page says what becomes of it."""
    # By the position and not by the instrument: several accounts may each hold one.
    held = api.get("/execution/positions", instrument_id=instrument, status="open")["items"]
    if not held:
        sys.stdout.write(f"{instrument}: nothing is open\n")
    for position in held:
        run = api.order("POST", f"/execution/positions/{position['position_id']}/close", {"reason": reason})
        sys.stdout.write(f"{position['position_id']} is being closed: {api.page(run['run_page'])}\n")

"""``trading-pipeline close``: leave one position."""

import getpass
import sys
from typing import Annotated

import typer

from trading_pipeline.cli.running_system import Reason, StateDir, run_job, settings_of


def close(
    instrument: Annotated[str, typer.Argument(help="such as BTCUSDT or BTCUSDT.BYBIT")],
    reason: Reason,
    state_dir: StateDir = None,
) -> None:
    """Close a position at market and take back what rests of it, as a run of Dagster like every other order."""
    config = {"instrument": instrument, "reason": reason, "actor": getpass.getuser()}
    run_job(settings_of(state_dir), "close_position", {"close_out": config})
    sys.stdout.write(f"{instrument} is flat and nothing of ours rests\n")

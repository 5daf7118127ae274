"""``trading-pipeline close``: leave one position."""

import getpass
from typing import Annotated

import typer

from trading_pipeline.cli.remote import RemoteApi, Url
from trading_pipeline.cli.running_system import Reason, StateDir, run_job, settings_of
from trading_pipeline.cli.written import Json, write


def close(
    instrument: Annotated[str, typer.Argument(help="such as BTCUSDT or BTCUSDT.BYBIT")],
    reason: Reason,
    as_json: Json = False,
    state_dir: StateDir = None,
    url: Url = "",
) -> None:
    """Close a position at market and take back what rests of it, as a run of Dagster like every other order."""
    if url:
        _close_there(RemoteApi(url), instrument, reason, as_json=as_json)
        return
    config = {"instrument": instrument, "reason": reason, "actor": getpass.getuser()}
    run = run_job(settings_of(state_dir), "close_position", {"close_out": config})
    told: list[object] = [run if as_json else f"{instrument} is flat and nothing of ours rests"]
    write(told)


def _close_there(api: RemoteApi, instrument: str, reason: str, *, as_json: bool) -> None:
    """The run goes on over there; its page says what becomes of it."""
    # By the position and not by the instrument: several accounts may each hold one.
    held = api.get("/execution/positions", instrument_id=instrument, status="open")["items"]
    if not held and not as_json:
        write([f"{instrument}: nothing is open"])
    runs = []
    for position in held:
        runs.append(api.order("POST", f"/execution/positions/{position['position_id']}/close", {"reason": reason}))
        # each at once: what is refused next must not hide what is launched already
        if not as_json:
            write([f"{position['position_id']} is being closed: {api.page(runs[-1]['run_page'])}"])
    if as_json:
        write(runs)

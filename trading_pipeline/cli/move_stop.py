"""``trading-pipeline move-stop``: put the stop of an open position elsewhere."""

import getpass
from typing import Annotated

import typer

from trading_pipeline.cli.remote import RemoteApi, Url
from trading_pipeline.cli.running_system import Reason, StateDir, run_job, settings_of
from trading_pipeline.cli.written import Json, write
from trading_pipeline.domain.model.errors import DataError

Loosen = Annotated[bool, typer.Option("--loosen", help="also where more may be lost than now; it then stays there")]


def move_stop(
    instrument: Annotated[str, typer.Argument(help="such as BTCUSDT or BTCUSDT.BYBIT")],
    price: Annotated[str, typer.Argument(help="quote currency, a whole number of ticks")],
    reason: Reason,
    loosen: Loosen = False,
    as_json: Json = False,
    state_dir: StateDir = None,
    url: Url = "",
) -> None:
    """Move the stop of an open position, as a run of Dagster; looser than it is only with --loosen."""
    if url:
        _move_there(RemoteApi(url), instrument, {"price": price, "reason": reason, "loosen": loosen}, as_json=as_json)
        return
    config = {"instrument": instrument, "price": price, "loosen": loosen, "reason": reason, "actor": getpass.getuser()}
    run = run_job(settings_of(state_dir), "move_stop", {"set_stop": config})
    write(run if as_json else [f"the stop of {instrument} is at {price}"])


def _move_there(api: RemoteApi, instrument: str, body: dict[str, object], *, as_json: bool) -> None:
    """The run goes on over there; its page says what becomes of it."""
    held = api.get("/execution/positions", instrument_id=instrument, status="open")["items"]
    if len(held) != 1:
        # Of several accounts each has a stop of its own, and a price that is meant for one of them.
        found = ", ".join(position["position_id"] for position in held) or "nothing"
        raise DataError(f"{instrument}: one position has to be open, not {found}")
    run = api.order("POST", f"/execution/positions/{held[0]['position_id']}/stop", body)
    write(run if as_json else [f"the stop of {held[0]['position_id']} is being moved: {api.page(run['run_page'])}"])

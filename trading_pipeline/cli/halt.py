"""``trading-pipeline halt``, ``resume``, ``kill-switch``: stop new entries, and let them go on."""

import getpass
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from trading_pipeline.cli.remote import RemoteApi, Url
from trading_pipeline.cli.running_system import (
    Reason,
    StateDir,
    command_of,
    database_of,
    run_job,
    settings_of,
)
from trading_pipeline.domain.model.commands import CommandVerb

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trading_pipeline.settings import Settings

Force = Annotated[bool, typer.Option("--force", help="without comparing venue and ledger first; needs a reason")]


def halt(
    scope: Annotated[str, typer.Argument(help="all, an instrument such as BTCUSDT, or an account")],
    reason: Reason,
    state_dir: StateDir = None,
    url: Url = "",
) -> None:
    """Stop new entries in an instrument, an account or everything; what is open stays protected. Asks no venue."""
    # Before anything of this machine is read: who orders from elsewhere has no database and no settings here.
    if url:
        _say_halted(RemoteApi(url).order("POST", "/execution/halts", {"scope": scope, "reason": reason}))
        return
    _halt(settings_of(state_dir), scope, reason, flatten=False)


def resume(
    scope: Annotated[str, typer.Argument(help="what is halted: all, an instrument, an account")],
    reason: Reason = "",
    force: Force = False,
    state_dir: StateDir = None,
    url: Url = "",
) -> None:
    """Let entries go on, once the venue and the ledger agree."""
    if url:
        body = {"scope": scope, "reason": reason, "force": force}
        _say_resumed(RemoteApi(url).order("POST", "/execution/resume", body))
        return
    _resume(settings_of(state_dir), scope, reason, forced=force)


def kill_switch(
    turn: Annotated[str, typer.Argument(help="on or off")],
    reason: Reason = "",
    close: Annotated[bool, typer.Option("--close", help="on: close everything that is open at market, too")] = False,
    force: Force = False,
    state_dir: StateDir = None,
    url: Url = "",
) -> None:
    """Stop every new entry at once; with --close leave every position, too."""
    if turn not in ("on", "off"):
        raise typer.BadParameter(f"{turn!r} is neither on nor off")
    if url:
        _switch_there(RemoteApi(url), turn, reason, close=close, force=force)
        return
    settings = settings_of(state_dir)
    if turn == "off":
        _resume(settings, "all", reason, forced=force)
        return
    # Here and now, without Dagster, which may be what is broken; the closing needs the venue and is a run.
    _halt(settings, "all", reason, flatten=close)
    if close:
        config = {"on": True, "close": True, "reason": reason, "actor": getpass.getuser()}
        run_job(settings, "kill_switch", {"switch": config})
        sys.stdout.write("everything that was open is closed\n")


def _switch_there(api: RemoteApi, turn: str, reason: str, *, close: bool, force: bool) -> None:
    if turn == "off":
        _say_resumed(api.order("POST", "/execution/resume", {"scope": "all", "reason": reason, "force": force}))
        return
    done = api.order("PUT", "/execution/kill-switch", {"reason": reason, "close": close})
    _say_halted(done)
    if done["run"]:
        sys.stdout.write(f"everything is being closed: {api.page(done['run']['run_page'])}\n")


def _say_halted(done: "Mapping[str, object]") -> None:
    sys.stdout.write(f"{done['scope']} is halted\n" if done["changed"] else f"{done['scope']} was halted already\n")


def _say_resumed(done: "Mapping[str, object]") -> None:
    said = "may be entered again" if done["changed"] else "was not halted"
    sys.stdout.write(f"{done['scope']} {said}\n")


def _halt(settings: "Settings", text: str, reason: str, *, flatten: bool) -> None:
    from trading_pipeline.resources.execution_context import build_controls
    from trading_pipeline.resources.operator_questions import scope_meant
    from trading_pipeline.services.execution.halt_by_operator import halt_by_operator

    with database_of(settings) as engine:
        controls = build_controls(engine)
        scope = scope_meant(engine, settings, text, lifting=False)
        new = halt_by_operator(controls=controls, command=command_of(CommandVerb.HALT, scope, reason), flatten=flatten)
    sys.stdout.write(f"{scope} is halted\n" if new else f"{scope} was halted already\n")


def _resume(settings: "Settings", text: str, reason: str, *, forced: bool) -> None:
    from trading_pipeline.resources.execution_context import build_controls
    from trading_pipeline.resources.operator_questions import differences_now, scope_meant
    from trading_pipeline.services.execution.resume_by_operator import resume_by_operator

    with database_of(settings) as engine:
        controls = build_controls(engine)
        scope = scope_meant(engine, settings, text, lifting=True)
        lifted = resume_by_operator(
            controls=controls,
            command=command_of(CommandVerb.RESUME, scope, reason),
            compare=lambda: differences_now(engine, settings),
            forced=forced,
        )
    sys.stdout.write(f"{scope} may be entered again\n" if lifted else f"{scope} was not halted\n")

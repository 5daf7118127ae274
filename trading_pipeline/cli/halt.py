"""``trading-pipeline halt``, ``resume``, ``kill-switch``: stop new entries, and let them go on."""

import getpass
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
from trading_pipeline.cli.written import Json, write
from trading_pipeline.domain.model.commands import CommandVerb

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trading_pipeline.settings import Settings

Force = Annotated[bool, typer.Option("--force", help="without comparing venue and ledger first; needs a reason")]


def halt(
    scope: Annotated[str, typer.Argument(help="all, an instrument such as BTCUSDT, or an account")],
    reason: Reason,
    as_json: Json = False,
    state_dir: StateDir = None,
    url: Url = "",
) -> None:
    """Stop new entries in an instrument, an account or everything; what is open stays protected. Asks no venue."""
    # Before anything of this machine is read: who orders from elsewhere has no database and no settings here.
    if url:
        done = RemoteApi(url).order("POST", "/execution/halts", {"scope": scope, "reason": reason})
    else:
        done = _halt(settings_of(state_dir), scope, reason, flatten=False)
    write(done if as_json else [_halted(done)])


def resume(
    scope: Annotated[str, typer.Argument(help="what is halted: all, an instrument, an account")],
    reason: Reason = "",
    force: Force = False,
    as_json: Json = False,
    state_dir: StateDir = None,
    url: Url = "",
) -> None:
    """Let entries go on, once the venue and the ledger agree."""
    if url:
        body = {"scope": scope, "reason": reason, "force": force}
        done = RemoteApi(url).order("POST", "/execution/resume", body)
    else:
        done = _resume(settings_of(state_dir), scope, reason, forced=force)
    said = "may be entered again" if done["changed"] else "was not halted"
    write(done if as_json else [f"{done['scope']} {said}"])


def kill_switch(
    turn: Annotated[str, typer.Argument(help="on or off")],
    reason: Reason = "",
    close: Annotated[bool, typer.Option("--close", help="on: close everything that is open at market, too")] = False,
    force: Force = False,
    as_json: Json = False,
    state_dir: StateDir = None,
    url: Url = "",
) -> None:
    """Stop every new entry at once; with --close leave every position, too."""
    if turn not in ("on", "off"):
        raise typer.BadParameter(f"{turn!r} is neither on nor off")
    if turn == "off":
        resume("all", reason, force, as_json, state_dir, url)
    elif url:
        _switch_there(RemoteApi(url), reason, close=close, as_json=as_json)
    else:
        _switch_here(settings_of(state_dir), reason, close=close, as_json=as_json)


def _switch_there(api: RemoteApi, reason: str, *, close: bool, as_json: bool) -> None:
    done = api.order("PUT", "/execution/kill-switch", {"reason": reason, "close": close})
    closing = [f"everything is being closed: {api.page(done['run']['run_page'])}"] if done["run"] else []
    write(done if as_json else [_halted(done), *closing])


def _switch_here(settings: "Settings", reason: str, *, close: bool, as_json: bool) -> None:
    # Here and now, without Dagster, which may be what is broken; the closing needs the venue and is a run.
    done = _halt(settings, "all", reason, flatten=close)
    if not as_json:
        write([_halted(done)])
    run = None
    if close:
        config = {"on": True, "close": True, "reason": reason, "actor": getpass.getuser()}
        run = run_job(settings, "kill_switch", {"switch": config})
        if not as_json:
            write(["everything that was open is closed"])
    if as_json:
        write({**done, "run": run})


def _halted(done: "Mapping[str, object]") -> str:
    return f"{done['scope']} is halted" if done["changed"] else f"{done['scope']} was halted already"


def _halt(settings: "Settings", text: str, reason: str, *, flatten: bool) -> dict[str, object]:
    from trading_pipeline.resources.execution_context import build_controls
    from trading_pipeline.resources.operator_questions import scope_meant
    from trading_pipeline.services.execution.halt_by_operator import halt_by_operator

    with database_of(settings) as engine:
        controls = build_controls(engine)
        scope = scope_meant(engine, settings, text, lifting=False)
        new = halt_by_operator(controls=controls, command=command_of(CommandVerb.HALT, scope, reason), flatten=flatten)
    return {"scope": scope, "changed": new}


def _resume(settings: "Settings", text: str, reason: str, *, forced: bool) -> dict[str, object]:
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
    return {"scope": scope, "changed": lifted}

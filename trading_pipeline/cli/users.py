"""``trading-pipeline users``: who may sign in to the API. Whoever has the database may add the first."""

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from trading_pipeline.cli.running_system import StateDir, database_of, settings_of
from trading_pipeline.domain.model.access import Role

if TYPE_CHECKING:
    from trading_pipeline.services.access.access_context import AccessContext
    from trading_pipeline.services.access.manage_users import Actor, Credentials

users = typer.Typer(name="users", help="Who may sign in to the API.", no_args_is_help=True, add_completion=False)
Name = Annotated[str, typer.Argument(help="what they sign in by; lower case")]


@users.command()
def add(
    name: Name,
    role: Annotated[Role, typer.Option(help="what they may")] = Role.VIEWER,
    second_factor: Annotated[bool, typer.Option(help="set one up also where none is needed")] = False,
    state_dir: StateDir = None,
) -> None:
    """Add a user; the password is written once, here."""
    from trading_pipeline.services.access.manage_users import add_user

    with _access(state_dir) as access:
        _tell(add_user(access=access, name=name, role=role, actor=_actor(), second_factor=second_factor))


@users.command(name="list")
def list_users(state_dir: StateDir = None) -> None:
    """List everybody with role and state."""
    with _access(state_dir) as access:
        for user in access.users.users():
            state = "active" if user.active else "disabled"
            factor = "second factor" if user.totp_secret else "password alone"
            sys.stdout.write(f"{user.name}  {user.role}  {state}  {factor}\n")


@users.command()
def disable(name: Name, state_dir: StateDir = None) -> None:
    """Keep a user out; every session ends at once."""
    _set_active(name, state_dir, active=False)


@users.command()
def enable(name: Name, state_dir: StateDir = None) -> None:
    """Let a disabled user in again."""
    _set_active(name, state_dir, active=True)


@users.command()
def reset(name: Name, state_dir: StateDir = None) -> None:
    """Give a new password and, where there is one, a new second factor; every session ends."""
    from trading_pipeline.services.access.manage_users import reset_user

    with _access(state_dir) as access:
        _tell(reset_user(access=access, name=name, actor=_actor()))


@users.command()
def link(
    name: Name,
    add_as: Annotated[Role | None, typer.Option("--add", help="add the user in this role where there is none")] = None,
    state_dir: StateDir = None,
) -> None:
    """Write a link that signs a user in once, within ten minutes, on this machine; for simulated systems alone."""
    from trading_pipeline.api.binding import refuse_remote
    from trading_pipeline.resources.access import build_links
    from trading_pipeline.services.access.sign_in_link import issue_link

    settings = settings_of(state_dir)
    refuse_remote(settings, "127.0.0.1")
    with _access(state_dir) as access:
        made = issue_link(access=access, links=build_links(settings), name=name, actor=_actor(), added_as=add_as)
    sys.stdout.write(f"{settings.api_address}/sign-in#{made}\n")


def _set_active(name: str, state_dir: StateDir, *, active: bool) -> None:
    from trading_pipeline.services.access.manage_users import change_user

    with _access(state_dir) as access:
        changed = change_user(access=access, name=name, actor=_actor(), active=active)
    sys.stdout.write(f"{changed.name} is {'active' if active else 'disabled'}\n")


@contextmanager
def _access(state_dir: StateDir) -> Iterator["AccessContext"]:
    # Access is built whole, as the API builds it, though no command here signs a token.
    from trading_pipeline.api.binding import signing_secret
    from trading_pipeline.resources.access import build_access

    settings = settings_of(state_dir)
    with database_of(settings) as engine:
        yield build_access(engine, settings, signing_secret(settings))


def _actor() -> "Actor":
    from trading_pipeline.services.access.manage_users import Actor

    return Actor(getpass.getuser(), uuid4().hex, datetime.now(UTC))


def _tell(made: "Credentials") -> None:
    """To the terminal alone; neither is in any log."""
    sys.stdout.write(f"{made.user.name}, {made.user.role}\npassword: {made.password}\n")
    if made.enrolment:
        sys.stdout.write(f"for the authenticator app: {made.enrolment}\n")

"""Users come, change and go; an administrator does it, or whoever has the database."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from uuid import uuid4

from trading_pipeline.domain.model.access import Role, User
from trading_pipeline.domain.model.audit import AuditEntry
from trading_pipeline.domain.model.errors import ConfigurationError, UnknownName
from trading_pipeline.services.access.access_context import AccessContext

LEAST_PASSWORD = 12
_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{1,62}")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a user gets once, and nobody can read again.

    :param enrolment: for an authenticator app; empty without a second factor.
    """

    user: User
    password: str = field(repr=False)
    enrolment: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changes a user, in which request, when (wall time, UTC)."""

    name: str
    request_id: str
    now: datetime


def add_user(
    *, access: AccessContext, name: str, role: Role, actor: Actor, password: str = "", second_factor: bool = False
) -> Credentials:
    """Add a user.

    :param password: empty: a random one.
    :param second_factor: set one up also where none is needed.
    :raises ConfigurationError: the name is taken or no name, or the password is too short.
    """
    written = name.strip().lower()
    if not _NAME.fullmatch(written):
        raise ConfigurationError(
            f"{name!r} is no name of a user: 2 to 63 of a-z, 0-9, '.', '_', '@', '+' and '-', letter or digit first"
        )
    if password:
        refuse_weak(password, written)
    secret = password or secrets.token_urlsafe(15)
    totp = access.codes.new_secret() if second_factor or access.needs_second_factor(role) else ""
    user = User(str(uuid4()), written, role, access.passwords.hashed(secret), totp, True, None, actor.now)
    if not access.users.add(user):
        raise ConfigurationError(f"there is a user {written!r} already; reset or enable it")
    _record(access, actor, "user.add", user, after={"role": role.value, "second_factor": bool(totp)})
    return Credentials(user, secret, access.codes.enrolment_uri(totp, written) if totp else "")


def reset_user(*, access: AccessContext, name: str, actor: Actor) -> Credentials:
    """Give a user a new password and, where there is or must be one, a new second factor; every session ends.

    :raises UnknownName: there is no such user.
    """
    user = find_user(access, name)
    password = secrets.token_urlsafe(15)
    totp = access.codes.new_secret() if access.asks_for_code(user) else ""
    access.users.set_credentials(user.user_id, access.passwords.hashed(password), totp)
    # Whoever had the old password may have a session.
    access.sessions.end_all(user.user_id, actor.now)
    _record(access, actor, "user.reset", user, after={"second_factor": bool(totp)})
    return Credentials(user, password, access.codes.enrolment_uri(totp, user.name) if totp else "")


def change_user(
    *, access: AccessContext, name: str, actor: Actor, role: Role | None = None, active: bool | None = None
) -> User:
    """Give another role, let in or keep out; whoever is kept out loses every session.

    :raises UnknownName: there is no such user.
    :raises ConfigurationError: nobody would be left to administer.
    """
    user = find_user(access, name)
    wanted_role, wanted_active = role or user.role, user.active if active is None else active
    if user.role is Role.ADMIN and user.active and (wanted_role is not Role.ADMIN or not wanted_active):
        _refuse_last_admin(access, user)
    access.users.change_role(user.user_id, wanted_role)
    access.users.set_active(user.user_id, active=wanted_active)
    if not wanted_active:
        access.sessions.end_all(user.user_id, actor.now)
    before = {"role": user.role.value, "active": user.active}
    after = {"role": wanted_role.value, "active": wanted_active}
    _record(access, actor, "user.change", user, before, after)
    return find_user(access, name)


def find_user(access: AccessContext, name: str) -> User:
    """The user of that name.

    :raises UnknownName: there is none; the message names the nearest.
    """
    written = name.strip().lower()
    if (user := access.users.named(written)) is not None:
        return user
    near = get_close_matches(written, [one.name for one in access.users.users()], n=1)
    raise UnknownName(f"there is no user {written!r}" + (f"; did you mean {near[0]}?" if near else ""))


def refuse_weak(password: str, name: str) -> None:
    """Make sure that a password is worth its hash.

    :raises ConfigurationError: it is short, one kind of characters, or has the name in it.
    """
    varied = (
        bool(re.search(r"\d", password)) + bool(re.search(r"[a-zA-Z]", password)) + bool(re.search(r"\W", password))
    )
    if len(password) < LEAST_PASSWORD or varied < 2 or name in password.lower():
        raise ConfigurationError(
            f"a password has at least {LEAST_PASSWORD} characters, two kinds of letters, digits and signs, and not the "
            "name in it"
        )


def _refuse_last_admin(access: AccessContext, user: User) -> None:
    # Nobody could let anybody in again, except with the database in hand.
    if not any(one.role is Role.ADMIN and one.active and one.user_id != user.user_id for one in access.users.users()):
        raise ConfigurationError(f"{user.name} is the last administrator; add another first")


def _record(
    access: AccessContext,
    actor: Actor,
    action: str,
    user: User,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    access.audit.append(
        AuditEntry(actor.name, action, user.name, "done", actor.request_id, before=before or {}, after=after or {})
    )

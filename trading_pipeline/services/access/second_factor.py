"""A person sets up their own second factor, moves it to another device, or gives it up."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from trading_pipeline.domain.model.access import Principal, User
from trading_pipeline.domain.model.audit import AuditEntry
from trading_pipeline.domain.model.errors import DataError, NotAllowed
from trading_pipeline.services.access.access_context import AccessContext
from trading_pipeline.services.access.open_session import count_attempt

OFFER_LIFE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Proof:
    """What a person proves with, within a session, that it is they who change how they sign in.

    :param principal: whose session it is; a key is no person.
    :param code: of the second factor that is set up; empty where none is.
    :param now: wall time, UTC.
    """

    principal: Principal
    password: str = field(repr=False)
    code: str
    request_id: str
    now: datetime


def offer_second_factor(*, access: AccessContext, proof: Proof) -> str:
    """Begin to set one up; what was set up before goes on until the new one is confirmed.

    :returns: what an authenticator app reads.
    :raises NotAllowed: password or code is wrong, or it is no session of a person.
    :raises TooManyRequests: it was tried too often.
    """
    user = _proved(access, proof)
    secret = access.codes.new_secret()
    access.users.offer_factor(user.user_id, secret, proof.now)
    _record(access, proof.principal, "offer", "done", proof.request_id)
    return access.codes.enrolment_uri(secret, user.name)


def confirm_second_factor(
    *, access: AccessContext, principal: Principal, code: str, request_id: str, now: datetime
) -> None:
    """Take the offered one into use, once its first code shows that the app has it.

    :raises DataError: nothing was offered within the last ten minutes.
    :raises NotAllowed: the code is wrong, or it is no session of a person.
    :raises TooManyRequests: it was tried too often.
    """
    _count(access, principal)
    offered = access.users.offered_factor(principal.user_id)
    if offered is None or offered.at + OFFER_LIFE <= now:
        raise DataError("no second factor was begun within the last ten minutes; begin again")
    step = access.codes.step_of(offered.secret, code, now)
    if step is None:
        _record(access, principal, "confirm", "refused", request_id)
        raise NotAllowed("the code is wrong; look at the clock of the device, or begin again")
    access.users.take_factor(principal.user_id, offered.secret, step)
    _record(access, principal, "confirm", "done", request_id)


def drop_second_factor(*, access: AccessContext, proof: Proof) -> None:
    """Sign in by password alone from now on.

    :raises NotAllowed: the role needs one in this mode, or password or code is wrong, or it is no session of a person.
    :raises TooManyRequests: it was tried too often.
    """
    role = proof.principal.role
    if access.needs_second_factor(role):
        raise NotAllowed(f"in mode {access.mode} the role {role} has a second factor; begin another to move it")
    access.users.take_factor(_proved(access, proof).user_id, "", 0)
    _record(access, proof.principal, "drop", "done", proof.request_id)


def _proved(access: AccessContext, proof: Proof) -> User:
    """The user, once password and code are right."""
    principal = proof.principal
    _count(access, principal)
    user = access.users.named(principal.name)
    if user is None or not (_knows_password(access, user, proof) and _has_code(access, user, proof)):
        _record(access, principal, "prove", "refused", proof.request_id)
        raise NotAllowed("password or code is wrong")
    return user


def _count(access: AccessContext, principal: Principal) -> None:
    """Who holds a session of somebody's must not find the rest out by trying."""
    if not principal.session_id:
        raise NotAllowed("a second factor is a person's; sign in instead of bringing a key")
    count_attempt(access, f"code:{principal.user_id}")


def _knows_password(access: AccessContext, user: User, proof: Proof) -> bool:
    return access.passwords.matches(user.password_hash, proof.password)


def _has_code(access: AccessContext, user: User, proof: Proof) -> bool:
    if not user.totp_secret:
        return True
    step = access.codes.step_of(user.totp_secret, proof.code, proof.now)
    return step is not None and access.users.use_step(user.user_id, step)


def _record(access: AccessContext, principal: Principal, what: str, outcome: str, request_id: str) -> None:
    access.audit.append(AuditEntry(principal.name, f"second_factor.{what}", principal.name, outcome, request_id))

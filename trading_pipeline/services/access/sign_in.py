"""A person proves who they are, and gets a session."""

from dataclasses import dataclass, field
from datetime import datetime

from trading_pipeline.domain.model.access import LOCK_AFTER, LOCKED_FOR, User
from trading_pipeline.domain.model.audit import AuditEntry
from trading_pipeline.domain.model.errors import NotSignedIn, TooManyRequests
from trading_pipeline.services.access.access_context import AccessContext
from trading_pipeline.services.access.open_session import count_attempt, open_session
from trading_pipeline.services.access.tokens import TokenPair

_WRONG = "name, password or code is wrong"


@dataclass(frozen=True, slots=True)
class SignInAttempt:
    """What a person hands in.

    :param code: of the second factor, empty where none is set up.
    :param address: where the request comes from.
    """

    name: str
    password: str = field(repr=False)
    code: str
    address: str
    request_id: str


def sign_in(*, access: AccessContext, attempt: SignInAttempt, now: datetime) -> TokenPair:
    """Open a session for a name, its password and its code.

    :param now: wall time, UTC.
    :raises NotSignedIn: one of the three is wrong, and it is not said which.
    :raises TooManyRequests: the name is locked, or the address tried too often.
    :raises ServerAway: nobody can count attempts, so none is allowed.
    """
    count_attempt(access, attempt.address)
    user = access.users.named(attempt.name.strip().lower())
    # Asked of a name that does not exist, too: how long the answer takes must not tell which names do.
    known = access.passwords.matches(user.password_hash if user else "", attempt.password)
    if user is None:
        raise _refusal(access, attempt, "unknown name")
    _refuse_locked(access, attempt, user, now)
    reason = _objection(access, user, attempt.code, now, password_right=known)
    if reason:
        access.users.note_failure(user.user_id, LOCK_AFTER, now + LOCKED_FOR)
        raise _refusal(access, attempt, reason)
    access.users.note_success(user.user_id)
    return open_session(access=access, user=user, address=attempt.address, request_id=attempt.request_id, now=now)


def _objection(access: AccessContext, user: User, code: str, now: datetime, *, password_right: bool) -> str:
    """Why the user is not let in; empty where nothing speaks against it."""
    if not password_right:
        return "wrong password"
    if not user.active:
        return "disabled"
    if not access.asks_for_code(user):
        return ""
    if not user.totp_secret:
        return "no second factor is set up; `trading-pipeline users reset` sets one up"
    step = access.codes.step_of(user.totp_secret, code, now)
    if step is None:
        return "wrong code"
    # Spent last: a code must not be lost to a wrong password, and somebody who saw it typed must not use it again.
    return "" if access.users.use_step(user.user_id, step) else "code used before"


def _refuse_locked(access: AccessContext, attempt: SignInAttempt, user: User, now: datetime) -> None:
    if user.locked_until is not None and user.locked_until > now:
        access.audit.append(AuditEntry(user.name, "sign_in", attempt.address, "refused", attempt.request_id, "locked"))
        wait_s = int((user.locked_until - now).total_seconds()) + 1
        raise TooManyRequests(f"{user.name} failed to sign in {LOCK_AFTER} times; try again in {wait_s} s", wait_s)


def _refusal(access: AccessContext, attempt: SignInAttempt, reason: str) -> NotSignedIn:
    """Recorded with its reason, told without."""
    name = attempt.name.strip().lower()[:100]
    access.audit.append(AuditEntry(name, "sign_in", attempt.address, "refused", attempt.request_id, reason))
    return NotSignedIn(_WRONG)

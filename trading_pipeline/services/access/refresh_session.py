"""A session goes on, or ends."""

from datetime import datetime

from trading_pipeline.domain.model.access import REFRESH_LIFE, Principal, RotationOutcome
from trading_pipeline.domain.model.audit import AuditEntry
from trading_pipeline.domain.model.errors import NotSignedIn
from trading_pipeline.services.access.access_context import AccessContext
from trading_pipeline.services.access.tokens import TokenPair, hash_of, new_refresh_token, signed_pair


def refresh_session(*, access: AccessContext, token: str, request_id: str, now: datetime) -> TokenPair:
    """Take a refresh token for a new pair; the user's role and state are read again.

    A token that comes twice is in two hands, and nobody knows which is whose: the session ends for both.

    :raises NotSignedIn: the token is unknown, over, or was used before.
    """
    new_token, new_hash = new_refresh_token()
    rotation = access.sessions.rotate(hash_of(token), new_hash, now, now + REFRESH_LIFE)
    if rotation.outcome is RotationOutcome.REUSED:
        detail = "a refresh token came twice; the session is over"
        access.audit.append(AuditEntry(rotation.user_id, "refresh", rotation.session_id, "refused", request_id, detail))
        raise NotSignedIn("this refresh token was used before, so the session is over; sign in again")
    user = access.sessions.holder(rotation.session_id) if rotation.outcome is RotationOutcome.ROTATED else None
    if user is None:
        raise NotSignedIn("the refresh token is unknown or over; sign in again")
    access.audit.append(AuditEntry(user.name, "refresh", rotation.session_id, "done", request_id))
    return signed_pair(access, user, rotation.session_id, new_token, now)


def sign_out(*, access: AccessContext, principal: Principal, request_id: str, now: datetime) -> None:
    """End the session that the request belongs to; of a key there is none."""
    if principal.session_id:
        access.sessions.end(principal.session_id, now)
        access.audit.append(AuditEntry(principal.name, "sign_out", principal.session_id, "done", request_id))

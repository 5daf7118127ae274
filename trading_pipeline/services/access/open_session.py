"""A session begins for somebody who has proved who they are."""

from datetime import datetime
from uuid import uuid4

from trading_pipeline.domain.model.access import REFRESH_LIFE, User
from trading_pipeline.domain.model.audit import AuditEntry
from trading_pipeline.services.access.access_context import AccessContext
from trading_pipeline.services.access.tokens import TokenPair, new_refresh_token, signed_pair

# A person who mistypes stays far below; whoever guesses passwords of many names from one address does not.
_ATTEMPTS, _WITHIN_S = 20, 300


def count_attempt(access: AccessContext, address: str) -> None:
    """Count an attempt to sign in, by whatever means.

    :raises TooManyRequests: the address tried too often.
    :raises ServerAway: nobody can count attempts, so none is allowed.
    """
    access.limiter.spend(f"sign-in:{address}", _ATTEMPTS, _WITHIN_S)


def open_session(
    *, access: AccessContext, user: User, address: str, request_id: str, now: datetime, detail: str = ""
) -> TokenPair:
    """Open it, and put it on record.

    :param detail: by what means, where it was not by password.
    """
    session_id, (token, token_hash) = str(uuid4()), new_refresh_token()
    access.sessions.open(session_id, user.user_id, token_hash, now + REFRESH_LIFE)
    access.audit.append(AuditEntry(user.name, "sign_in", address, "done", request_id, detail))
    return signed_pair(access, user, session_id, token, now)

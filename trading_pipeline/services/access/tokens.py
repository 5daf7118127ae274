"""The two tokens of a session."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from trading_pipeline.domain.model.access import ACCESS_LIFE, AccessClaims, User
from trading_pipeline.services.access.access_context import AccessContext


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What somebody who signed in holds.

    :param access_token: for every request.
    :param refresh_token: good once, for the next pair.
    :param csrf: what a browser repeats in a header when it writes.
    :param expires_in_s: of the access token.
    """

    user: User
    session_id: str
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    csrf: str = field(repr=False)
    expires_in_s: int = int(ACCESS_LIFE.total_seconds())


def hash_of(secret: str) -> str:
    """SHA-256 in hex: enough for a secret that is 256 random bits, and quick to look up."""
    return sha256(secret.encode()).hexdigest()


def new_refresh_token() -> tuple[str, str]:
    """A new token, and its hash for keeping."""
    token = secrets.token_urlsafe(32)
    return token, hash_of(token)


def signed_pair(access: AccessContext, user: User, session_id: str, refresh_token: str, now: datetime) -> TokenPair:
    """The pair of a session as of now."""
    claims = AccessClaims(user.user_id, session_id, secrets.token_urlsafe(16))
    return TokenPair(user, session_id, access.tokens.signed(claims, now), refresh_token, claims.csrf)

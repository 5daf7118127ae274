"""Who asks, and whether they may."""

import hmac
from datetime import datetime

from trading_pipeline.domain.model.access import Permission, Principal
from trading_pipeline.domain.model.errors import NotAllowed, NotSignedIn
from trading_pipeline.services.access.access_context import AccessContext
from trading_pipeline.services.access.api_keys import KEY_PREFIX, parts_of
from trading_pipeline.services.access.tokens import hash_of


def authenticate(*, access: AccessContext, credential: str, now: datetime) -> Principal:
    """Whose credential it is: an access token, or an API key.

    The user is read at every request, so that one who is disabled, or whose role changed, is so at once.

    :raises NotSignedIn: it is nobody's, or not any more.
    """
    if credential.startswith(KEY_PREFIX):
        return _holder_of_key(access, credential, now)
    claims = access.tokens.read(credential, now)
    user = access.sessions.holder(claims.session_id)
    if user is None or user.user_id != claims.user_id:
        raise NotSignedIn("the session is over; sign in again")
    return Principal(user.user_id, user.name, user.role, user.role.permissions, claims.session_id, claims.csrf)


def require(principal: Principal, permission: Permission) -> None:
    """Make sure that somebody may.

    :raises NotAllowed: they may not.
    """
    if permission not in principal.permissions:
        raise NotAllowed(f"{principal.name} may not {permission}; ask somebody who may")


def require_csrf(principal: Principal, repeated: str) -> None:
    """Make sure that a write by cookie was meant by the page that it came from, which alone can read the token.

    :raises NotAllowed: the header is missing or another session's.
    """
    if not principal.csrf or not hmac.compare_digest(principal.csrf.encode(), repeated.encode()):
        raise NotAllowed("a write by cookie repeats the session's token in the header X-CSRF-Token")


def _holder_of_key(access: AccessContext, credential: str, now: datetime) -> Principal:
    key_id, secret = parts_of(credential)
    found = access.keys.with_holder(key_id)
    # Compared in constant time, and one answer for whatever is wrong with it.
    if found is None or not hmac.compare_digest(found[0].secret_hash, hash_of(secret)):
        raise NotSignedIn("no such API key")
    key, user = found
    if key.revoked_at is not None or key.expires_at <= now or not user.active:
        raise NotSignedIn("this API key is over")
    return Principal(user.user_id, user.name, user.role, user.role.permissions & key.scopes)

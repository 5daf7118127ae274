"""Access tokens as JSON Web Tokens, signed with HMAC-SHA-256 (RFC 7519)."""

from datetime import datetime
from uuid import uuid4

import jwt

from trading_pipeline.domain.model.access import ACCESS_LIFE, AccessClaims
from trading_pipeline.domain.model.errors import ConfigurationError, NotSignedIn
from trading_pipeline.ports.credentials import TokenSigner

_ALGORITHM = "HS256"
_CLAIMS = ("sub", "sid", "csrf", "typ", "iat", "exp", "jti")
LEAST_SECRET = 32
"""Bytes of the key: those of the hash (RFC 7518, 3.2)."""


class JwtTokens(TokenSigner):
    """One algorithm, which a token cannot choose."""

    def __init__(self, secret: str) -> None:
        """:raises ConfigurationError: the secret is too short."""
        if len(secret.encode()) < LEAST_SECRET:
            raise ConfigurationError(f"TRADING_API_SECRET has fewer than {LEAST_SECRET} bytes; make a random one")
        self._secret = secret

    def signed(self, claims: AccessClaims, now: datetime) -> str:
        """A token of fifteen minutes."""
        content = {
            "sub": claims.user_id,
            "sid": claims.session_id,
            "csrf": claims.csrf,
            "typ": "access",
            "iat": now,
            "exp": now + ACCESS_LIFE,
            "jti": str(uuid4()),
        }
        return jwt.encode(content, self._secret, algorithm=_ALGORITHM)

    def read(self, token: str, now: datetime) -> AccessClaims:
        """Check signature, kind and life."""
        # Its life is compared with the caller's clock, so that one clock decides.
        try:
            content = jwt.decode(
                token,
                self._secret,
                algorithms=[_ALGORITHM],
                options={"require": list(_CLAIMS), "verify_exp": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError as error:
            raise NotSignedIn("the access token is none of ours or was changed") from error
        if content["typ"] != "access" or not isinstance(content["exp"], int):
            raise NotSignedIn("this is no access token")
        if content["exp"] <= now.timestamp():
            raise NotSignedIn("the access token is over; refresh it")
        return AccessClaims(str(content["sub"]), str(content["sid"]), str(content["csrf"]))

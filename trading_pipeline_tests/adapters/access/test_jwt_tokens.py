"""An access token says what was signed, or nothing."""

from datetime import UTC, datetime, timedelta

import jwt
import pytest

from trading_pipeline.adapters.access.jwt_tokens import JwtTokens
from trading_pipeline.domain.model.access import ACCESS_LIFE, AccessClaims
from trading_pipeline.domain.model.errors import ConfigurationError, NotSignedIn

NOW = datetime(2025, 11, 3, 12, 0, tzinfo=UTC)
SECRET = "s" * 32
CLAIMS = AccessClaims("u-1", "s-1", "csrf")
CONTENT = {"sub": "u", "sid": "s", "csrf": "c", "typ": "access", "iat": NOW, "exp": NOW + ACCESS_LIFE, "jti": "j"}


def test_what_was_signed_is_read_while_it_lasts() -> None:
    tokens = JwtTokens(SECRET)
    token = tokens.signed(CLAIMS, NOW)
    assert tokens.read(token, NOW + ACCESS_LIFE - timedelta(seconds=1)) == CLAIMS
    with pytest.raises(NotSignedIn, match="is over"):
        tokens.read(token, NOW + ACCESS_LIFE)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b.c",
        JwtTokens("o" * 32).signed(CLAIMS, NOW),
        jwt.encode(CONTENT, "", algorithm="none"),
        jwt.encode({**CONTENT, "typ": "refresh"}, SECRET, algorithm="HS256"),
        jwt.encode({name: value for name, value in CONTENT.items() if name != "exp"}, SECRET, algorithm="HS256"),
        jwt.encode(CONTENT, SECRET * 2, algorithm="HS512"),
    ],
    # a token differs each time it is made, and processes that share the tests must find the same names
    ids=["nothing", "no token", "another secret", "unsigned", "a refresh", "without end", "another algorithm"],
)
def test_any_other_text_is_refused(token: str) -> None:
    with pytest.raises(NotSignedIn):
        JwtTokens(SECRET).read(token, NOW)


def test_a_short_secret_is_refused_by_its_name() -> None:
    with pytest.raises(ConfigurationError, match="TRADING_API_SECRET"):
        JwtTokens("short")

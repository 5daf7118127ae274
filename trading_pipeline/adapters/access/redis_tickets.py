"""One-time tickets in Redis."""

import secrets
from hashlib import sha256

import redis

from trading_pipeline.domain.model.errors import NotSignedIn, ServerAway
from trading_pipeline.ports.credentials import Tickets

_LIFE_S = 30


class RedisTickets(Tickets):
    """A key each; redeeming reads and deletes it in one command, so that two cannot."""

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(
            url, decode_responses=True, protocol=2, socket_timeout=2.0, socket_connect_timeout=2.0
        )

    def issue(self, session: str) -> str:
        """Thirty seconds from now."""
        ticket = secrets.token_urlsafe(24)
        try:
            self._redis.set(_key(ticket), session, ex=_LIFE_S)
        except redis.RedisError as error:
            raise ServerAway("redis", f"Redis does not answer, so no ticket can be kept: {error}") from error
        return ticket

    def redeem(self, ticket: str) -> str:
        """``GETDEL``."""
        try:
            session = self._redis.getdel(_key(ticket))
        except redis.RedisError as error:
            raise ServerAway("redis", f"Redis does not answer, so the ticket cannot be looked up: {error}") from error
        if not session:
            raise NotSignedIn("no such ticket; each is good once, for 30 s")
        return str(session)


def _key(ticket: str) -> str:
    # Only the hash is kept: whoever reads Redis can redeem nothing.
    return f"api-ticket:{sha256(ticket.encode()).hexdigest()}"

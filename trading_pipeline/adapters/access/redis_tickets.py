"""One-time tickets in Redis."""

import secrets
from hashlib import sha256

import redis

from trading_pipeline.domain.model.errors import NotSignedIn, ServerAway
from trading_pipeline.ports.credentials import Tickets

TICKET_LIFE_S = 30
LINK_LIFE_S = 600


class RedisTickets(Tickets):
    """A key each; redeeming reads and deletes it in one command, so that two cannot."""

    def __init__(self, url: str, purpose: str = "ticket", life_s: int = TICKET_LIFE_S) -> None:
        """Connect at the first use.

        :param purpose: one's passes are none of another's.
        """
        self._purpose, self._life_s = purpose, life_s
        self._redis = redis.Redis.from_url(
            url, decode_responses=True, protocol=2, socket_timeout=2.0, socket_connect_timeout=2.0
        )

    def issue(self, stands_for: str) -> str:
        """Good from now on."""
        ticket = secrets.token_urlsafe(24)
        try:
            self._redis.set(self._key(ticket), stands_for, ex=self._life_s)
        except redis.RedisError as error:
            raise ServerAway("redis", f"Redis does not answer, so no ticket can be kept: {error}") from error
        return ticket

    def redeem(self, ticket: str) -> str:
        """``GETDEL``."""
        try:
            stands_for = self._redis.getdel(self._key(ticket))
        except redis.RedisError as error:
            raise ServerAway("redis", f"Redis does not answer, so the ticket cannot be looked up: {error}") from error
        if not stands_for:
            raise NotSignedIn(f"no such {self._purpose}; each is good once, for {self._life_s} s")
        return str(stands_for)

    def _key(self, ticket: str) -> str:
        # Only the hash is kept: whoever reads Redis can redeem nothing.
        return f"api-{self._purpose}:{sha256(ticket.encode()).hexdigest()}"

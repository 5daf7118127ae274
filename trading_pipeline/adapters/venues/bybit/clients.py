"""Clients of one system's account and of the venue's markets, each with its own patience."""

from trading_pipeline.adapters.venues.bybit.client import BybitClient
from trading_pipeline.adapters.venues.bybit.endpoints import Endpoints
from trading_pipeline.adapters.venues.request_limiter import RequestLimiter
from trading_pipeline.settings import Settings

# Seconds.
_TIMEOUT_S = 5.0
_ORDER_TIMEOUT_S = 10.0
_BOOK_TIMEOUT_S = 2.0
"""A book that takes longer is too old to enter on, and other plans wait."""


class BybitClients:
    """Where the markets are may not be where the account is: a paper account lives beside the venue's prices."""

    def __init__(self, settings: Settings, addresses: Endpoints) -> None:
        """Read the key; a process without a Redis is alone with it: a test, or a look at the venue."""
        self._addresses = addresses
        self.key = settings.bybit_api_key.get_secret_value()
        self.secret = settings.bybit_api_secret.get_secret_value()
        self._limiter = RequestLimiter(settings.redis_url, "bybit") if settings.redis_url else None

    def markets(self) -> BybitClient:
        """With the key, for the fees of its account; without it where the account of a paper system is not known."""
        # A paper account's key is the simulator's: the real venue would refuse every question signed with it.
        key, secret = ("", "") if self._addresses.market_rest else (self.key, self.secret)
        return self._markets(_TIMEOUT_S, key=key, secret=secret)

    def public(self) -> BybitClient:
        """Without a key."""
        return self._markets(_TIMEOUT_S)

    def books(self) -> BybitClient:
        """Without a key, with two attempts of two seconds each."""
        return self._markets(_BOOK_TIMEOUT_S, attempts=2)

    def account(self) -> BybitClient:
        """With the settings' key."""
        return BybitClient(self._addresses.rest, self.key, self.secret, _ORDER_TIMEOUT_S, 4, self._limiter)

    def _markets(self, timeout_s: float, attempts: int = 4, key: str = "", secret: str = "") -> BybitClient:
        rest = self._addresses.market_rest or self._addresses.rest
        return BybitClient(rest, key, secret, timeout_s, attempts, self._limiter)

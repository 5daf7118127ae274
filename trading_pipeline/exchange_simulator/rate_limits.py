"""Request limits per account and endpoint in any second, and the venue's limit per address."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

LIMITS = {
    "/v5/order/create": 10,
    "/v5/order/amend": 10,
    "/v5/order/cancel": 10,
    "/v5/order/cancel-all": 10,
    "/v5/order/create-batch": 10,
    "/v5/order/amend-batch": 10,
    "/v5/order/cancel-batch": 10,
    "/v5/order/realtime": 50,
    "/v5/order/history": 50,
    "/v5/execution/list": 50,
    "/v5/position/list": 50,
    "/v5/position/closed-pnl": 50,
    "/v5/position/set-leverage": 10,
    "/v5/position/switch-mode": 10,
    "/v5/position/trading-stop": 10,
    "/v5/account/wallet-balance": 50,
    "/v5/account/info": 50,
    "/v5/account/fee-rate": 5,
    "/v5/account/transaction-log": 25,
    "/v5/account/query-dcp-info": 5,
    "/v5/account/set-margin-mode": 5,
    "/v5/asset/coin/query-info": 5,
    "/v5/order/disconnected-cancel-all": 5,
    "/v5/user/query-api": 10,
}
"""Linear contracts of a unified account, requests per second."""

# Requests in so many seconds; beyond it the venue answers 403 to everything from the address for ten minutes.
ADDRESS_LIMIT = 600
ADDRESS_WINDOW_S = 5.0
ADDRESS_BAN_S = 600.0


@dataclass(frozen=True, slots=True)
class Usage:
    """Standing of one endpoint after a request.

    :param remaining: requests left in the window.
    :param reset_ms: wall milliseconds at which a refused request would be taken, for any other the present.
    """

    limit: int
    remaining: int
    reset_ms: int
    exceeded: bool

    def headers(self) -> dict[str, str]:
        """The venue's response headers."""
        return {
            "X-Bapi-Limit": str(self.limit),
            "X-Bapi-Limit-Status": str(self.remaining),
            "X-Bapi-Limit-Reset-Timestamp": str(self.reset_ms),
        }


class RateLimits:
    """Counts requests in rolling windows of wall time."""

    def __init__(self, wall_s: Callable[[], float] = time.time) -> None:
        self._wall_s = wall_s
        self._counted: dict[str, deque[float]] = {}

        self.granted: int | None = None
        """Of what the last request asked for: as many as there was place for; ``None`` before the first."""

    def count(self, path: str, wanted: int = 1) -> Usage | None:
        """Count a request of an account; ``None`` where the endpoint has no limit of its own.

        :param wanted: how many orders it is about: a batch takes a place for each, and what finds none is refused.
        """
        self.granted = wanted
        limit = LIMITS.get(path)
        if limit is None:
            return None
        now_s = self._wall_s()
        counted = self._counted.setdefault(path, deque())
        _forget(counted, now_s - 1)
        # A request that is refused takes no place of one that is not.
        self.granted = min(wanted, limit - len(counted))
        counted.extend([now_s] * self.granted)
        exceeded = not self.granted
        reset_s = counted[0] + 1 if exceeded else now_s
        return Usage(limit, limit - len(counted), ceil(reset_s * 1000), exceeded)


class AddressLimits:
    """Counts requests of every address in a rolling window of wall time."""

    def __init__(self, wall_s: Callable[[], float] = time.time) -> None:
        self._wall_s = wall_s
        self._counted: dict[str, deque[float]] = {}
        self._banned_until_s: dict[str, float] = {}

    def exceeded(self, address: str) -> bool:
        """Count a request; true above 600 in 5 s, and then for ten minutes."""
        # Wall time on purpose: a client on a fast virtual clock is still one process on one machine.
        now_s = self._wall_s()
        if now_s < self._banned_until_s.get(address, 0.0):
            return True
        counted = self._counted.setdefault(address, deque())
        _forget(counted, now_s - ADDRESS_WINDOW_S)
        counted.append(now_s)
        if len(counted) <= ADDRESS_LIMIT:
            return False
        counted.clear()
        self._banned_until_s[address] = now_s + ADDRESS_BAN_S
        return True


def _forget(counted: deque[float], until_s: float) -> None:
    """Drop what was counted up to an instant, wall seconds."""
    while counted and counted[0] <= until_s:
        counted.popleft()

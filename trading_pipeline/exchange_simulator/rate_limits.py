"""Request limits per account and endpoint, per second, and the venue's limit per address."""

import time
from collections.abc import Callable
from dataclasses import dataclass

LIMITS = {
    "/v5/order/create": 10,
    "/v5/order/amend": 10,
    "/v5/order/cancel": 10,
    "/v5/order/cancel-all": 10,
    "/v5/order/realtime": 50,
    "/v5/order/history": 50,
    "/v5/execution/list": 50,
    "/v5/position/list": 50,
    "/v5/position/closed-pnl": 50,
    "/v5/position/set-leverage": 10,
    "/v5/position/trading-stop": 10,
    "/v5/account/wallet-balance": 50,
    "/v5/account/info": 50,
    "/v5/account/fee-rate": 5,
    "/v5/user/query-api": 10,
}
"""Linear contracts of a unified account, requests per second."""

# Requests in so many seconds; beyond it the venue answers 403 to everything from the address.
ADDRESS_LIMIT = 600
ADDRESS_WINDOW_S = 5.0


@dataclass(frozen=True, slots=True)
class Usage:
    """Standing of one endpoint after a request.

    :param remaining: requests left in the window.
    :param reset_ms: wall milliseconds at which the window ends.
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
    """Counts requests in windows of wall time."""

    def __init__(self, wall_s: Callable[[], float] = time.time) -> None:
        self._wall_s = wall_s
        self._windows: dict[str, tuple[int, int]] = {}
        self._address: tuple[int, int] = (0, 0)

    def count(self, path: str) -> Usage | None:
        """Count a request of an account; ``None`` where the endpoint has no limit of its own."""
        limit = LIMITS.get(path)
        if limit is None:
            return None
        # Fixed windows, as the reset timestamp in the headers says: the count is free again when it passes.
        second = int(self._wall_s())
        began, used = self._windows.get(path, (second, 0))
        used = used + 1 if began == second else 1
        self._windows[path] = (second, used)
        return Usage(limit, max(0, limit - used), (second + 1) * 1000, used > limit)

    def address_exceeded(self) -> bool:
        """Count a request of the one address; true above 600 in 5 s."""
        # Wall time on purpose: a client on a fast virtual clock is still one process on one machine.
        window = int(self._wall_s() / ADDRESS_WINDOW_S)
        began, used = self._address
        used = used + 1 if began == window else 1
        self._address = (window, used)
        return used > ADDRESS_LIMIT

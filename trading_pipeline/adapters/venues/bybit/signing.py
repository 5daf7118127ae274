"""Requests signed so that a machine whose clock is a little off can trade."""

import time

from pybit.unified_trading import HTTP

_BEHIND_MS = 1500
"""The venue takes a request that is up to five seconds old and refuses one from more than a second ahead of its own
clock (10002), see https://bybit-exchange.github.io/docs/v5/guide. Signed a second and a half ago, a request gets
through from a clock that is up to 2.5 s fast or 3.5 s slow, transport included; signed now, from one 1 s fast."""


class SignedRequests(HTTP):  # type: ignore[misc]  # pybit has no types
    """pybit's session; what it signs is dated back."""

    def _prepare_headers(
        self, payload: str | bytes, recv_window: int, content_type: str = "application/json"
    ) -> dict[str, str]:
        signed_at = int(time.time() * 1000) - _BEHIND_MS
        sign = self._auth_binary if isinstance(payload, bytes) else self._auth
        return {
            "Content-Type": content_type,
            "X-BAPI-API-KEY": str(self.api_key),
            "X-BAPI-SIGN": sign(payload=payload, recv_window=recv_window, timestamp=signed_at),
            "X-BAPI-TIMESTAMP": str(signed_at),
            "X-BAPI-RECV-WINDOW": str(recv_window),
        }

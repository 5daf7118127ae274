"""The way of every request to the venue: past the count that all processes share.

Page: v5/rate-limit. Counted are the requests of the address, those of the account to one endpoint, and those about one
symbol among them. Requests that write go before those that ask: the latter leave a part of each quota to them.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter

from trading_pipeline.adapters.venues.bybit.capabilities import (
    ADDRESS_REQUESTS,
    ADDRESS_WINDOW_S,
    REQUESTS_PER_SECOND,
)
from trading_pipeline.adapters.venues.bybit.errors import BLOCKED_S
from trading_pipeline.adapters.venues.request_limiter import Quota, RequestLimiter

_ADDRESS = "address"
_FORBIDDEN = 403
_ASKING = 0.8
"""The part of the address's requests that may ask; the rest is for orders and stops."""
_ONE_SYMBOL = 0.5
"""The part of an endpoint's requests that may be about one symbol."""
_SPARED = 2
"""Requests that a question leaves in the venue's own count; a write leaves none."""
_LONGEST_RESET_S = 5.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a request counts."""

    writes: bool
    path: str
    account: str
    symbol: str

    @property
    def endpoint(self) -> str:
        """The name under which an account's requests to the endpoint are counted."""
        return f"{self.account}:{self.path}"

    def quotas(self) -> list[Quota]:
        """All that the request takes from."""
        share = 1.0 if self.writes else _ASKING
        found = [Quota(_ADDRESS, ADDRESS_REQUESTS, ADDRESS_WINDOW_S, share)]
        limit = REQUESTS_PER_SECOND.get(self.path)
        if limit is not None:
            found.append(Quota(self.endpoint, limit, 1.0))
        if limit is not None and self.symbol:
            found.append(Quota(f"{self.endpoint}:{self.symbol}", limit, 1.0, _ONE_SYMBOL, sized_by=self.endpoint))
        return found


class CountedTransport(HTTPAdapter):
    """Sends what the shared count gives leave to, and tells it what the venue says of its own."""

    def __init__(self, limiter: RequestLimiter) -> None:
        super().__init__()
        self._limiter = limiter
        self._limits: dict[str, int] = {}

    def send(self, request: PreparedRequest, *args: object, **options: object) -> Response:
        """Send, once.

        :raises HeldBack: it is not its turn; nothing was sent.
        """
        asked = asked_by(request)
        self._limiter.take(asked.quotas())
        response = super().send(request, *args, **options)  # type: ignore[arg-type]
        self._hear(asked, response)
        return response

    def _hear(self, asked: Asked, response: Response) -> None:
        if response.status_code == _FORBIDDEN:
            self._limiter.shut(_ADDRESS, BLOCKED_S)
        limit, left = (_number(response.headers, name) for name in ("X-Bapi-Limit", "X-Bapi-Limit-Status"))
        known = self._limits.get(asked.endpoint, REQUESTS_PER_SECOND.get(asked.path))
        # An account may be granted more than the page says, or less.
        if limit and limit != known:
            self._limits[asked.endpoint] = limit
            self._limiter.resize(asked.endpoint, limit)
        if left is not None and left <= (0 if asked.writes else _SPARED):
            self._limiter.shut(asked.endpoint, _reset_s(response.headers))


def asked_by(request: PreparedRequest) -> Asked:
    """What of a signed request counts; accounts are told apart by a digest of their key."""
    url = urlsplit(str(request.url))
    account = sha256(str(request.headers.get("X-BAPI-API-KEY", "")).encode()).hexdigest()[:12]
    writes = request.method == "POST"
    return Asked(writes, url.path, account, _symbol_in_body(request) if writes else _first(url.query, "symbol"))


def _first(query: str, name: str) -> str:
    return parse_qs(query).get(name, [""])[0]


def _symbol_in_body(request: PreparedRequest) -> str:
    return str(json.loads(request.body or "{}").get("symbol", ""))


def _number(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(name, "")
    return int(text) if text.isdigit() else None


def _reset_s(headers: Mapping[str, str]) -> float:
    """Wall seconds until the venue counts anew; its clock against ours, so that neither may be trusted for long."""
    reset_ms = _number(headers, "X-Bapi-Limit-Reset-Timestamp")
    left_s = 1.0 if reset_ms is None else reset_ms / 1000 - time.time()
    return min(max(left_s, 0.05), _LONGEST_RESET_S)

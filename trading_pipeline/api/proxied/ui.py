"""Requests to the Dagster UI, passed on to its webserver as they come, and its answers as they come back."""

import re
from collections.abc import AsyncIterator, Iterable
from urllib.parse import urlsplit

import httpx
from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from trading_pipeline.adapters.orchestrator.ui import READ_ONLY_HEADER, UI_PREFIX
from trading_pipeline.domain.model.errors import ServerAway

_OURS = {"host", "cookie", "authorization", "x-api-key", "x-admin-token", "x-csrf-token", READ_ONLY_HEADER.lower()}
"""Of a request, for the door alone: the webserver has no use for anybody's credentials."""
_OF_THE_CONNECTION = {
    *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding"),
    "upgrade",
}
"""RFC 9110, 7.6.1."""
_SET_BY_US = {"x-content-type-options", "x-frame-options", "referrer-policy", "date", "server"}
_NONCE = re.compile(rb'nonce="([^"]+)"')
_PATIENCE = httpx.Timeout(60.0, connect=2.0)
_MOST_CONNECTIONS = 100


class DagsterUi:
    """One pool of connections to the webserver; made in the loop that serves."""

    def __init__(self, url: str) -> None:
        """Connect at the first request.

        :param url: of the webserver; empty where there is none.
        """
        self._url = url.rstrip("/")
        self._http = httpx.AsyncClient(timeout=_PATIENCE, limits=httpx.Limits(max_connections=_MOST_CONNECTIONS))

    async def answer(self, request: Request, *, looks_only: bool) -> Response:
        """Ask, and pass on piece by piece what comes back.

        :param looks_only: whether whoever asks may change nothing.
        :raises ServerAway: the webserver does not answer.
        """
        asked = self._http.build_request(
            request.method,
            httpx.URL(self.origin()).copy_with(raw_path=_raw_path(request)),
            headers=[*_passed_on(request.headers.items(), _OURS), *_rights(looks_only=looks_only)],
            content=await request.body(),
        )
        try:
            answered = await self._http.send(asked, stream=True)
        except httpx.HTTPError as error:
            raise ServerAway("dagster", f"Dagster does not answer at {self._url}: {error}") from error
        headers = dict(_passed_on(answered.headers.items(), _SET_BY_US))
        if "location" in headers:
            headers["location"] = headers["location"].removeprefix(self.origin())
        if answered.headers.get("content-type", "").startswith("text/html"):
            return await _page(answered, headers)
        return StreamingResponse(_pieces(answered), answered.status_code, headers)

    def origin(self) -> str:
        """The webserver's address without the path.

        :raises ServerAway: there is none, or its pages ask for paths that the door does not have.
        """
        if not self._url:
            raise ServerAway("dagster", "TRADING_DAGSTER_URL is unset, so there is no UI to show")
        if urlsplit(self._url).path != UI_PREFIX:
            raise ServerAway(
                "dagster", f"TRADING_DAGSTER_URL ends in {UI_PREFIX}, where `trading-pipeline webserver` serves the UI"
            )
        return self._url.removesuffix(UI_PREFIX)

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()


def _rights(*, looks_only: bool) -> list[tuple[str, str]]:
    return [(READ_ONLY_HEADER, "1")] if looks_only else []


def _raw_path(request: Request) -> bytes:
    """As it was written: a slash in the name of an asset stays encoded."""
    path, query = bytes(request.scope["raw_path"]), bytes(request.scope["query_string"])
    return path + b"?" + query if query else path


def _passed_on(headers: Iterable[tuple[str, str]], kept_back: set[str]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers if name.lower() not in kept_back | _OF_THE_CONNECTION]


async def _pieces(answered: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for piece in answered.aiter_raw():
            yield piece
    finally:
        # Also where the client has gone in the middle.
        await answered.aclose()


async def _page(answered: httpx.Response, headers: dict[str, str]) -> Response:
    """A page of the UI, which keeps its session by a script of ours; the page's own nonce lets it run."""
    try:
        content = await answered.aread()
    finally:
        await answered.aclose()
    if nonce := _NONCE.search(content):
        script = b'<script nonce="%s" src="/session.js" defer></script></head>' % nonce[1]
        content = content.replace(b"</head>", script, 1)
    shown = {name: value for name, value in headers.items() if name not in ("content-length", "content-encoding")}
    return Response(content, answered.status_code, shown)

"""Around every request: an id for the log, a limit of its body, headers for browsers."""

import json
import re
from collections.abc import MutableMapping
from typing import Any
from uuid import uuid4

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BODY_BYTES = 1_000_000
_GIVEN = re.compile(r"[A-Za-z0-9_-]{8,64}")
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
)


def request_id_of(scope: MutableMapping[str, Any]) -> str:
    """The id of the request; empty outside of one."""
    return str(scope.get("state", {}).get("request_id", ""))


class Envelope:
    """Gives each request its id, which a client may bring in ``X-Request-ID``, and refuses bodies over a megabyte."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        brought = headers.get(b"x-request-id", b"").decode("latin-1")
        request_id = brought if _GIVEN.fullmatch(brought) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        answering = _Answering(send, request_id)
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            if _too_long(headers.get(b"content-length", b"")):
                await answering.refuse()
            else:
                await self._app(scope, _Counted(receive, answering), answering)


def _too_long(length: bytes) -> bool:
    return length.isdigit() and int(length) > MOST_BODY_BYTES


class _Answering:
    """Sends, with our headers; after a refusal nothing more."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send, self._request_id, self._refused = send, request_id, False

    async def __call__(self, message: Message) -> None:
        if self._refused:
            return
        if message["type"] == "http.response.start":
            named = (b"x-request-id", self._request_id.encode())
            message = {**message, "headers": [*message.get("headers", []), named, *_HEADERS]}
        await self._send(message)

    async def refuse(self) -> None:
        detail = f"the body is larger than {MOST_BODY_BYTES} bytes"
        content = json.dumps({"detail": detail, "code": "too_large", "request_id": self._request_id}).encode()
        length = (b"content-length", str(len(content)).encode())
        headers = [(b"content-type", b"application/json"), length, (b"connection", b"close")]
        await self({"type": "http.response.start", "status": 413, "headers": headers})
        await self({"type": "http.response.body", "body": content})
        self._refused = True


class _Counted:
    """Receives, and counts: a body in pieces has no length to read beforehand."""

    def __init__(self, receive: Receive, answering: _Answering) -> None:
        self._receive, self._answering, self._read = receive, answering, 0

    async def __call__(self) -> Message:
        message = await self._receive()
        self._read += len(message.get("body", b""))
        if message["type"] == "http.request" and self._read > MOST_BODY_BYTES:
            await self._answering.refuse()
            return {"type": "http.disconnect"}
        return message

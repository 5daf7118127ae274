"""At the door of every route: who asks, and whether they may. What a route does not allow is denied."""

from base64 import b64decode
from typing import Annotated, Any

import structlog
from fastapi import Depends
from fastapi.exceptions import WebSocketException
from fastapi.requests import HTTPConnection

from trading_pipeline.api.asker import Asker
from trading_pipeline.api.context import ApiContext, context_of
from trading_pipeline.api.proxied.rules import is_of_the_ui, require_same_origin
from trading_pipeline.api.requests import request_id_of
from trading_pipeline.domain.model.access import Permission, Principal
from trading_pipeline.domain.model.errors import AccessRefused, NotAllowed, NotSignedIn, ServerAway
from trading_pipeline.services.access.authenticate import authenticate, require, require_csrf

log = structlog.get_logger()

MARK = "x-permission"
"""Of an operation in the OpenAPI document: what it needs, or ``public``."""
PUBLIC: dict[str, Any] = {MARK: "public"}
SESSION_COOKIE = "session"
CSRF_HEADER = "X-CSRF-Token"
_SAFE = ("GET", "HEAD", "OPTIONS")
_SIGNED_IN_A_MINUTE = 12_000
_REFUSED_A_MINUTE = 100
_TAKES_TICKETS = ("/stream",)


def needs(permission: Permission) -> dict[str, Any]:
    """What stands at a route that needs it."""
    return {MARK: permission.value}


def authorise(connection: HTTPConnection) -> None:
    """Run before every route.

    :raises NotSignedIn: the route is not public, and nobody is known to ask.
    :raises NotAllowed: they may not, or the route says nothing about who may.
    """
    context = context_of(connection)
    if connection.scope["type"] == "websocket":
        _authorise_socket(context, connection)
        return
    marked = getattr(connection.scope.get("route"), "openapi_extra", None) or {}
    if marked.get(MARK) == PUBLIC[MARK]:
        return
    try:
        principal = _principal(context, connection)
    except NotSignedIn:
        _count(context, f"refused:{address_of(connection)}", _REFUSED_A_MINUTE)
        raise
    _count(context, f"user:{principal.user_id}", _SIGNED_IN_A_MINUTE)
    if MARK not in marked:
        raise NotAllowed("nothing says who may ask this, so nobody may")
    require(principal, Permission(marked[MARK]))
    connection.state.principal = principal


def address_of(connection: HTTPConnection) -> str:
    """Where the request comes from; behind a trusted proxy, where it says."""
    return connection.client.host if connection.client else "local"


async def asker_of(connection: HTTPConnection) -> Asker:
    """Who passed the door; a coroutine, so that no thread is asked for it."""
    principal: Principal = connection.state.principal
    return Asker(principal, request_id_of(connection.scope))


Who = Annotated[Asker, Depends(asker_of)]
"""What a route asks for when it matters who asks."""


def _authorise_socket(context: ApiContext, connection: HTTPConnection) -> None:
    """A socket can carry no header from a browser, so that every one of them brings a ticket."""
    try:
        # Except Dagster's: its pages know no tickets, and their cookie and their origin say as much.
        if is_of_the_ui(connection):
            principal = _principal(context, connection)
        else:
            credential = context.tickets.redeem(connection.query_params.get("ticket", ""))
            principal = authenticate(access=context.access, credential=credential, now=context.now())
        require(principal, Permission.READ)
    except (AccessRefused, ServerAway) as error:
        raise WebSocketException(code=1008, reason=str(error)[:100]) from error
    connection.state.principal = principal


def _principal(context: ApiContext, connection: HTTPConnection) -> Principal:
    """Whose credential it is, in the order of how much somebody meant it: header, ticket, cookie."""
    ticket = connection.query_params.get("ticket") if connection.url.path in _TAKES_TICKETS else None
    credential = _in_header(connection) or (context.tickets.redeem(ticket) if ticket else "")
    cookie = "" if credential else connection.cookies.get(SESSION_COOKIE, "")
    if not credential and not cookie:
        raise NotSignedIn("sign in at /api/v1/auth/login, or bring an API key in X-API-Key")
    principal = authenticate(access=context.access, credential=credential or cookie, now=context.now())
    connection.state.credential = credential or cookie
    if cookie and connection.scope.get("method") not in _SAFE:
        _require_meant(principal, connection)
    return principal


def _require_meant(principal: Principal, connection: HTTPConnection) -> None:
    """Make sure that what comes with a cookie comes from a page of ours."""
    if is_of_the_ui(connection):
        require_same_origin(connection)
    else:
        require_csrf(principal, connection.headers.get(CSRF_HEADER, ""))


def _in_header(connection: HTTPConnection) -> str:
    for name in ("x-api-key", "x-admin-token"):
        if name in connection.headers:
            return connection.headers[name] or "empty"
    scheme, _, credential = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        return _password(credential)
    return credential.strip() if scheme.lower() == "bearer" else ""


def _password(credential: str) -> str:
    """Of HTTP Basic, where an API key is the password and the name is not looked at."""
    try:
        return b64decode(credential, validate=True).decode().partition(":")[2] or "empty"
    except ValueError as error:
        raise NotSignedIn("no credentials of HTTP Basic") from error


def _count(context: ApiContext, key: str, most: int) -> None:
    """Count a request; while nobody can count, those who are known may go on: a halt must not wait for Redis."""
    try:
        context.access.limiter.spend(key, most, 60)
    except ServerAway as error:
        log.warning("requests are not counted", cause=str(error))

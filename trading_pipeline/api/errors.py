"""Every refusal in one shape: ``detail`` for people, ``code`` for programs, ``request_id`` for the log."""

import re
from collections.abc import Awaitable, Callable, Mapping
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlencode

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.requests import Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from psycopg.errors import DiskFull
from pydantic import BaseModel
from sqlalchemy.exc import DataError as UnstorableValue
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import compile_path

from trading_pipeline.api.proxied.rules import is_of_the_ui
from trading_pipeline.api.requests import request_id_of
from trading_pipeline.domain.model import errors

log = structlog.get_logger()


class Problem(BaseModel):
    """Why nothing came of a request."""

    detail: str
    code: str
    request_id: str


_SAID: tuple[tuple[type[errors.TradingError], int, str], ...] = (
    (errors.NotSignedIn, 401, "not_signed_in"),
    (errors.NotAllowed, 403, "not_allowed"),
    (errors.TooManyRequests, 429, "too_many_requests"),
    (errors.UnknownName, 404, "unknown_name"),
    (errors.ConfigurationError, 422, "refused"),
    (errors.DataError, 409, "conflict"),
    (errors.OrderDenied, 409, "denied_by_the_gate"),
    (errors.TemporaryVenueError, 503, "venue_away"),
    (errors.VenueError, 502, "venue_refused"),
)
"""The first class that fits says status and code."""

_HTTP_CODES = {
    400: "malformed",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
}

DOCUMENTED: dict[int | str, dict[str, object]] = {
    status: {"model": Problem, "description": meaning}
    for status, meaning in {
        400: "the body cannot be read",
        401: "nobody, or nobody any more, has these credentials",
        403: "whoever asks may not",
        404: "there is no such thing",
        405: "not with this method",
        409: "it cannot be done as things stand",
        413: "the body is larger than a megabyte",
        422: "the message names what is wrong, and often the nearest that is right",
        429: "too often; Retry-After says when again",
        502: "the venue refused",
        503: "a server does not answer; the code names it",
    }.items()
}


def problem(
    request: Request, status: int, code: str, detail: str, headers: dict[str, str] | None = None
) -> JSONResponse:
    """An answer that says why not."""
    content = Problem(detail=detail, code=code, request_id=request_id_of(request.scope))
    return JSONResponse(content.model_dump(), status, headers)


def _of_ours(request: Request, error: Exception) -> Response:
    detail = str(error)
    if isinstance(error, errors.NotSignedIn) and _is_a_visit(request):
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?{urlencode({'next': wanted})}", 303)
    if isinstance(error, errors.ServerAway):
        return problem(request, 503, f"{error.component}_away", detail)
    if isinstance(error, errors.TooManyRequests):
        return problem(request, 429, "too_many_requests", detail, {"Retry-After": str(error.retry_after_s)})
    headers = {"WWW-Authenticate": "Bearer"} if isinstance(error, errors.NotSignedIn) else None
    status, code = next(((status, code) for kind, status, code in _SAID if isinstance(error, kind)), (500, "failed"))
    return problem(request, status, code, detail, headers)


def _is_a_visit(request: Request) -> bool:
    """Whether a person went to a page of the Dagster UI, and did not send a program to ask."""
    return is_of_the_ui(request) and request.method == "GET" and "text/html" in request.headers.get("accept", "")


def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    wrong = (f"{'.'.join(map(str, one['loc']))}: {one['msg']}{_nearest(one)}" for one in error.errors())
    return problem(request, 422, "invalid_request", "; ".join(wrong))


def _nearest(wrong: Mapping[str, Any]) -> str:
    """Of a value that is none of several: what it is, and which of them it may have been meant to be."""
    if wrong["type"] not in ("enum", "literal_error"):
        return ""  # whatever else is wrong may be a password
    given = str(wrong["input"])[:60]
    near = get_close_matches(given, re.findall("'([^']*)'", wrong["ctx"]["expected"]), n=1)
    return f", not {given!r}" + (f"; did you mean {near[0]}?" if near else "")


def _of_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    code = _HTTP_CODES.get(error.status_code, "refused")
    headers = {"Allow": _allowed(request)} if error.status_code == 405 else dict(error.headers or {})
    return problem(request, error.status_code, code, str(error.detail), headers)


def _allowed(request: Request) -> str:
    """Every method of the path: the router names those of the one route that it looked at first (RFC 9110, 15.5.6)."""
    documented = request.app.openapi()["paths"].items()
    fitting = [methods for path, methods in documented if compile_path(path)[0].match(request.url.path)]
    return ", ".join(sorted({method.upper() for methods in fitting for method in methods}))


def _database_away(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DBAPIError)  # noqa: S101
    if isinstance(error.orig, DiskFull):
        log.error("the disk of the database is full", cause=str(error.orig).splitlines()[0], path=request.url.path)
        words = "the disk of the database is full; what was committed is kept: make room and ask again"
        return problem(request, 503, "database_full", words)
    log.warning("the database does not answer", cause=str(error).splitlines()[0], path=request.url.path)
    return problem(request, 503, "database_away", "the database does not answer; try again later")


def _unstorable(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, UnstorableValue)  # noqa: S101
    return problem(request, 422, "invalid_request", f"a value that cannot be stored: {str(error.orig).splitlines()[0]}")


def _gone(request: Request, error: Exception) -> JSONResponse:
    """Whoever asked left before they had said it all, as browsers do that go to another page; nobody reads this."""
    return problem(request, 400, "malformed", f"the request ended in the middle: {error!r}")


def _unforeseen(request: Request, error: Exception) -> JSONResponse:
    log.error("a request failed", path=request.url.path, exc_info=error)
    return problem(request, 500, "internal_error", "something went wrong on our side; the log has it by request_id")


_HANDLERS: dict[type[Exception], Callable[[Request, Exception], Response | Awaitable[Response]]] = {
    errors.TradingError: _of_ours,
    RequestValidationError: _invalid,
    HTTPException: _of_http,
    OperationalError: _database_away,
    InterfaceError: _database_away,
    UnstorableValue: _unstorable,
    ClientDisconnect: _gone,
    Exception: _unforeseen,
}


def handle_errors(app: FastAPI) -> None:
    """Answer every error in the one shape."""
    for kind, handler in _HANDLERS.items():
        app.add_exception_handler(kind, handler)

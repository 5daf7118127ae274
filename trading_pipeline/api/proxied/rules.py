"""What may be asked of the Dagster UI through the door, by whom."""

import json
import re
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.requests import HTTPConnection

from trading_pipeline.adapters.orchestrator.ui import UI_PREFIX
from trading_pipeline.domain.model.access import Permission, Principal
from trading_pipeline.domain.model.errors import NotAllowed, UnknownName

UI_PATH = UI_PREFIX
"""Of the routes that lead there."""
_GRAPHQL = f"{UI_PATH}/graphql"
_READS = ("GET", "HEAD")
_LOOK = "you may look at the Dagster UI; what changes something there is for administrators"
_MUTATION = re.compile(r"\bmutation\b(?:\s+(\w+))?")


def looks_only(principal: Principal) -> bool:
    """Whether somebody may only look; a run can clear a kill switch, so that changing things here is administering."""
    return Permission.ADMINISTER not in principal.permissions


def is_of_the_ui(connection: HTTPConnection) -> bool:
    """Whether the request goes to Dagster, whose pages cannot repeat the session's token."""
    path = connection.url.path
    return path == UI_PATH or path.startswith(f"{UI_PATH}/")


def require_same_origin(connection: HTTPConnection) -> None:
    """Make sure that a write by cookie comes from a page of this very address; no page can set ``Origin``.

    :raises NotAllowed: it comes from another, or does not say from where.
    """
    origin = urlsplit(connection.headers.get("origin", ""))
    if not origin.netloc or origin.netloc != connection.headers.get("host"):
        raise NotAllowed("a write to the Dagster UI by cookie comes from a page of the same address; bring an API key")


def refuse_way_out(path: str) -> None:
    """Make sure that a path stays below the UI's.

    :raises UnknownName: it leads out.
    """
    if ".." in path.split("/"):
        raise UnknownName(f"there is no {path[:100]!r} in the Dagster UI")


async def refuse_changes(request: Request, *, looks_only: bool) -> None:
    """Make sure that a read changes nothing, and that whoever may only look sends reads.

    The word ``mutation`` begins every operation of GraphQL that changes something, and cannot be written otherwise.

    :raises NotAllowed: it is no read.
    """
    if request.method in _READS or looks_only:
        _refuse_mutation(" ".join(request.query_params.getlist("query")))
    if request.method not in _READS and looks_only:
        if request.url.path != _GRAPHQL:
            raise NotAllowed(_LOOK)
        _refuse_mutation(await _document(request))


async def change_asked_for(request: Request) -> str:
    """Name of what a write would change, for the record; empty where it only asks."""
    if request.method in _READS:
        return ""
    if request.url.path != _GRAPHQL:
        return request.url.path
    body = await request.body()
    asked = " ".join([_query_in(body) or body.decode(errors="replace"), *request.query_params.getlist("query")])
    found = _MUTATION.search(asked)
    return found[1] or "mutation" if found else ""


def _refuse_mutation(document: str) -> None:
    if _MUTATION.search(document):
        raise NotAllowed(_LOOK)


async def _document(request: Request) -> str:
    """The GraphQL document of a body; what is no JSON object with one is of no page of the UI."""
    # The webserver reads a body by its type, so that the type decides here, too.
    typed = "application/json" in request.headers.get("content-type", "")
    if typed and (document := _query_in(await request.body())):
        return document
    raise NotAllowed("who may only look asks Dagster by GraphQL in JSON")


def _query_in(body: bytes) -> str:
    """Empty where it is no JSON object with a document."""
    try:
        query = json.loads(body)["query"]
    except (ValueError, TypeError, KeyError):
        return ""
    return query if isinstance(query, str) else ""

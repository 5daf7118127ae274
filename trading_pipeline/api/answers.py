"""Answers that a client need not read twice."""

from hashlib import sha256

from fastapi import Request, Response
from pydantic import BaseModel


def unless_known(request: Request, content: BaseModel) -> Response:
    """The content with its ETag, or 304 where the client has it already (RFC 9110, 13.1.2)."""
    body = content.model_dump_json().encode()
    tag = f'"{sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    known = [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]
    if tag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)

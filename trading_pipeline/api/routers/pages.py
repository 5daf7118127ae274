"""The pages on which people sign in and set up a second factor, and the script that keeps a session."""

from pathlib import Path

from fastapi.responses import FileResponse

from trading_pipeline.api.doors import PUBLIC
from trading_pipeline.api.routing import Router

router = Router(include_in_schema=False)
_FOLDER = Path(__file__).parents[1] / "pages"
_SAFE = {
    "Cache-Control": "no-cache",
    # Nothing but what lies beside it, and nothing that a name or a link could bring in.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}


@router.get("/sign-in", openapi_extra=PUBLIC)
def sign_in_page() -> FileResponse:
    """Ask for name, password and code, or take the one-time link behind the ``#``."""
    return _file("sign_in.html")


@router.get("/second-factor", openapi_extra=PUBLIC)
def second_factor_page() -> FileResponse:
    """Set up, move or drop one's own second factor; what it asks the API for needs a session."""
    return _file("second_factor.html")


@router.get("/sign_in.js", openapi_extra=PUBLIC)
def sign_in_script() -> FileResponse:
    """What the first page does."""
    return _file("sign_in.js")


@router.get("/second_factor.js", openapi_extra=PUBLIC)
def second_factor_script() -> FileResponse:
    """What the second page does."""
    return _file("second_factor.js")


@router.get("/sign_in.css", openapi_extra=PUBLIC)
def style() -> FileResponse:
    """What they look like."""
    return _file("sign_in.css")


@router.get("/session.js", openapi_extra=PUBLIC)
def session_script() -> FileResponse:
    """Keep a session for as long as a page is open."""
    return _file("session.js")


def _file(name: str) -> FileResponse:
    return FileResponse(_FOLDER / name, headers=_SAFE)

"""The page on which people sign in, and the script that keeps a page's session."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

from trading_pipeline.api.doors import PUBLIC

router = APIRouter(include_in_schema=False)
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
    return FileResponse(_FOLDER / "sign_in.html", headers=_SAFE)


@router.get("/sign_in.js", openapi_extra=PUBLIC)
def sign_in_script() -> FileResponse:
    """What the page does."""
    return FileResponse(_FOLDER / "sign_in.js", headers=_SAFE)


@router.get("/sign_in.css", openapi_extra=PUBLIC)
def sign_in_style() -> FileResponse:
    """What it looks like."""
    return FileResponse(_FOLDER / "sign_in.css", headers=_SAFE)


@router.get("/session.js", openapi_extra=PUBLIC)
def session_script() -> FileResponse:
    """Keep a session for as long as a page is open."""
    return FileResponse(_FOLDER / "session.js", headers=_SAFE)

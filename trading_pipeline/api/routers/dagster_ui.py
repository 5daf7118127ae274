"""The Dagster UI, for whoever is signed in."""

from fastapi import Request, Response, WebSocket
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from trading_pipeline.api.context import Context
from trading_pipeline.api.doors import Who, needs
from trading_pipeline.api.proxied.rules import UI_PATH, change_asked_for, looks_only, refuse_changes, refuse_way_out
from trading_pipeline.api.proxied.socket import relay
from trading_pipeline.api.proxied.ui import DagsterUi
from trading_pipeline.api.routing import Router
from trading_pipeline.domain.model.access import Permission
from trading_pipeline.domain.model.errors import ServerAway

# Dagster's own paths are in no document of ours.
router = Router(prefix=UI_PATH, include_in_schema=False)
LOOK = needs(Permission.READ)


@router.get("", openapi_extra=LOOK)
def front() -> RedirectResponse:
    """Lead to the first page."""
    return RedirectResponse(f"{UI_PATH}/")


@router.api_route("/{path:path}", methods=["GET", "HEAD", "POST"], openapi_extra=LOOK)
async def passed_on(request: Request, path: str, context: Context, who: Who) -> Response:
    """Whatever the webserver answers; what changes something is for administrators, and on record."""
    refuse_way_out(path)
    ui: DagsterUi = request.app.state.dagster_ui
    look = looks_only(who.principal)
    await refuse_changes(request, looks_only=look)
    if change := await change_asked_for(request):
        await run_in_threadpool(who.record, context.engine, "dagster.change", change)
    return await ui.answer(request, looks_only=look)


@router.websocket("/graphql")
async def subscriptions(socket: WebSocket, who: Who) -> None:
    """Logs of runs and states of locations, as they change."""
    ui: DagsterUi = socket.app.state.dagster_ui
    try:
        origin = ui.origin()
    except ServerAway as error:
        await socket.close(1011, str(error)[:100])
        return
    await relay(socket, origin, looks_only=looks_only(who.principal))

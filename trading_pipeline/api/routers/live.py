"""What happens, as it happens."""

import asyncio
import json
from contextlib import suppress
from typing import Annotated

import structlog
from fastapi import Header, Request, WebSocket
from fastapi.responses import StreamingResponse
from starlette.websockets import WebSocketDisconnect

from trading_pipeline.api.doors import needs
from trading_pipeline.api.live.channels import CHANNELS, Channel, status_frame
from trading_pipeline.api.live.events import Events
from trading_pipeline.api.live.lookers_on import LookerOn
from trading_pipeline.api.routing import Router
from trading_pipeline.domain.model.access import Permission
from trading_pipeline.domain.model.errors import ServerAway

log = structlog.get_logger()
router = Router(tags=["live"])
_IDLE_S = 30.0
EventId = Annotated[
    str, Header(pattern=r"^([0-9]{1,15}(-[0-9]{1,10})?)?$", description="of the last event that was read")
]
_TICKET = {
    "name": "ticket",
    "in": "query",
    "required": False,
    "schema": {"type": "string", "maxLength": 100},
    "description": "of /api/v1/auth/ticket, where no header can be sent",
}


@router.get(
    "/stream",
    openapi_extra={**needs(Permission.READ), "parameters": [_TICKET]},
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def stream(request: Request, last_event_id: EventId = "") -> StreamingResponse:
    """Events signal, plan, order, fill, position, equity, risk, halt, wave; health and metrics as they stand."""
    events: Events = request.app.state.events
    frames = events.frames(last_event_id)
    return StreamingResponse(frames, media_type="text/event-stream", headers={"Cache-Control": "no-store"})


@router.websocket("/api/v1/live")
async def live(socket: WebSocket) -> None:
    """Ticks, bars and books of a Redis channel, a text frame each, as they were published."""
    await socket.accept()
    name = socket.query_params.get("channel", "")
    if name not in CHANNELS:
        await socket.close(1008, f"channel is one of {', '.join(CHANNELS)}")
        return
    channel: Channel = socket.app.state.channels[name]
    try:
        async with channel.joined() as looker_on:
            await socket.send_text(status_frame("subscribed"))
            sending = asyncio.create_task(_send(socket, looker_on))
            try:
                await _answer(socket)
            finally:
                sending.cancel()
                if looker_on.dropped:
                    log.warning("a client was too slow for its channel", channel=name, dropped=looker_on.dropped)
    except ServerAway as error:
        await socket.close(1011, str(error)[:100])


async def _send(socket: WebSocket, looker_on: LookerOn[str]) -> None:
    with suppress(WebSocketDisconnect):
        while True:
            frame = await looker_on.next(_IDLE_S)
            await socket.send_text(frame if frame is not None else json.dumps({"v": 1, "type": "ping"}))


async def _answer(socket: WebSocket) -> None:
    """Pings are answered, everything else is not looked at; returns when the client has gone."""
    try:
        while True:
            if _is_ping(await socket.receive_text()):
                await socket.send_text(json.dumps({"v": 1, "type": "pong"}))
    except WebSocketDisconnect:
        return


def _is_ping(text: str) -> bool:
    return text == "ping" or (len(text) < 100 and text.replace(" ", "") == '{"type":"ping"}')

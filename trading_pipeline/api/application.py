"""The application: every route behind the door, every error in one shape."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.openapi.utils import get_openapi

from trading_pipeline.adapters.streams.change_feed import ChangeFeed
from trading_pipeline.adapters.streams.event_log import EventLog
from trading_pipeline.api.context import ApiContext
from trading_pipeline.api.doors import MARK, PUBLIC, authorise
from trading_pipeline.api.errors import DOCUMENTED, handle_errors
from trading_pipeline.api.health import Probes
from trading_pipeline.api.live.channels import CHANNELS, Channel
from trading_pipeline.api.live.events import Events
from trading_pipeline.api.live.readings import Readings
from trading_pipeline.api.proxied.ui import DagsterUi
from trading_pipeline.api.requests import Envelope
from trading_pipeline.api.routers.catalog import canonical_routers, routers_beside
from trading_pipeline.api.routers.records import records_routers
from trading_pipeline.api.seeds.catalog import seed_routers

_SCHEMES: dict[str, dict[str, str]] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "an access token, or an API key"},
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "session"},
}


def create_app(context: ApiContext) -> FastAPI:
    """The whole API on a composition."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # Here and not below: their connections belong to the loop that serves.
        settings = context.settings
        app.state.events = events = Events(ChangeFeed(settings.database_url), EventLog(settings.redis_url))
        app.state.dagster_ui = DagsterUi(settings.dagster_url)
        app.state.channels = {name: Channel(settings.redis_url, name) for name in CHANNELS}
        readings = Readings(app.state.probes, context.looks.status, events)
        beside = [asyncio.create_task(work) for work in (events.run(), app.state.probes.run(), readings.run())]
        yield
        for task in beside:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await app.state.dagster_ui.close()
        context.engine.dispose()

    app = FastAPI(
        title="trading-pipeline",
        version=version("trading-pipeline"),
        summary="Look at a running system and steer it",
        lifespan=lifespan,
        dependencies=[Depends(authorise)],
        responses=DOCUMENTED,
    )
    app.state.context, app.state.probes = context, Probes.of(context)
    handle_errors(app)
    app.add_middleware(Envelope)
    _add_routes(app, context)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]
    return app


def _add_routes(app: FastAPI, context: ApiContext) -> None:
    """The canonical tree, what stands beside it, and the paths of earlier programs."""
    # None within another: a router that holds routers is searched once more at each floor.
    for router in routers_beside():
        app.include_router(router)
    for router in (*records_routers(context.reader.collections), *canonical_routers()):
        app.include_router(router, prefix="/api/v1")
    for router in seed_routers():
        app.include_router(router)


def _document(app: FastAPI) -> dict[str, Any]:
    """OpenAPI, in which each operation says what it needs."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
        document["components"]["securitySchemes"] = _SCHEMES
        for operation in (one for path in document["paths"].values() for one in path.values()):
            if operation.get(MARK) != PUBLIC[MARK]:
                operation["security"] = [{name: []} for name in _SCHEMES]
        app.openapi_schema = document
    return app.openapi_schema

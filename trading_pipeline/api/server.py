"""``trading-pipeline api``: the application on a socket, until it is asked to end."""

import gc
from typing import Any

import uvicorn
from fastapi import FastAPI

from trading_pipeline.api.application import create_app
from trading_pipeline.api.binding import refuse_unsafe_binding
from trading_pipeline.api.composition import build_context
from trading_pipeline.api.server_log import server_log
from trading_pipeline.settings import Settings

KEEP_ALIVE_S = 75
"""Longer than clients and proxies keep a connection that rests: whoever closes first is not to be the server, as a
request that is on its way by then fails."""


def run_api(settings: Settings) -> None:
    """Look at the settings, then answer requests.

    :raises ConfigurationError: the address is not safe to listen on, or a setting is wrong.
    """
    refuse_unsafe_binding(settings)
    app = create_app(build_context(settings))
    settle(app)
    uvicorn.run(app, **server_options(settings))


def server_options(settings: Settings) -> dict[str, Any]:
    """What the server is told beside the application."""
    return {
        "host": settings.api_host,
        "port": settings.api_port,
        "ssl_certfile": settings.api_tls_cert or None,
        "ssl_keyfile": settings.api_tls_key or None,
        "proxy_headers": bool(settings.api_trusted_proxies),
        "forwarded_allow_ips": settings.api_trusted_proxies or None,
        "server_header": False,
        # a line a request would be most of the log; what fails is written with its id
        "access_log": False,
        "log_config": server_log(),
        "log_level": settings.log_level,
        # an SSE stream never ends by itself
        "timeout_graceful_shutdown": 3,
        "timeout_keep_alive": KEEP_ALIVE_S,
    }


def settle(app: FastAPI) -> None:
    """Do before the first request what would stop every answer later.

    Routes are put together when they are first looked for, all of them for the document. And the collector of cycles
    forgets what is there for good, 300,000 objects of code, routes and tables: a full collection would go through all
    of them while nothing else runs, for a fifth of a second and more.
    """
    app.openapi()
    gc.collect()
    gc.freeze()

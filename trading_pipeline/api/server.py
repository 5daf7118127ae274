"""``trading-pipeline api``: the application on a socket, until it is asked to end."""

import uvicorn

from trading_pipeline.api.application import create_app
from trading_pipeline.api.binding import refuse_unsafe_binding
from trading_pipeline.api.composition import build_context
from trading_pipeline.api.server_log import server_log
from trading_pipeline.settings import Settings


def run_api(settings: Settings) -> None:
    """Look at the settings, then answer requests.

    :raises ConfigurationError: the address is not safe to listen on, or a setting is wrong.
    """
    refuse_unsafe_binding(settings)
    app = create_app(build_context(settings))
    uvicorn.run(
        app,
        host=settings.api_host,
        port=settings.api_port,
        ssl_certfile=settings.api_tls_cert or None,
        ssl_keyfile=settings.api_tls_key or None,
        proxy_headers=bool(settings.api_trusted_proxies),
        forwarded_allow_ips=settings.api_trusted_proxies or None,
        server_header=False,
        # a line a request would be most of the log; what fails is written with its id
        access_log=False,
        log_config=server_log(),
        log_level=settings.log_level,
        # an SSE stream never ends by itself
        timeout_graceful_shutdown=3,
    )

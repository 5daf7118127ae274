"""The command that runs the HTTP API."""

from typing import Annotated

import typer

from trading_pipeline.cli.running_system import StateDir, settings_of


def api(
    port: Annotated[int | None, typer.Option(help="default TRADING_API_PORT, 8000", min=1, max=65535)] = None,
    state_dir: StateDir = None,
) -> None:
    """Answer HTTP requests beside a running system until Ctrl-C; `up` starts one by itself."""
    from trading_pipeline.api.server import run_api

    settings = settings_of(state_dir)
    run_api(settings if port is None else settings.model_copy(update={"api_port": port}))

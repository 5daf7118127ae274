"""Commands that run the system or one of its processes.

Imports stand inside the functions: a feed must not pay for Dagster, nor a daemon for pandas.
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trading_pipeline.domain.model.errors import ConfigurationError

if TYPE_CHECKING:
    from trading_pipeline.settings import Settings


def up(port: Annotated[int, typer.Option(help="port of the Dagster UI")] = 3000) -> None:
    """Run everything until Ctrl-C: servers, exchange simulator, Dagster, workers, feed."""
    from trading_pipeline.runtime.supervision.up import run_system
    from trading_pipeline.settings import Settings

    run_system(Settings(), port)


def dev(
    port: Annotated[int, typer.Option(help="port of the Dagster UI")] = 3000,
    config: Annotated[Path, typer.Option(help="folder of the configuration", envvar="TRADING_CONFIG_DIR")] = Path(
        "config"
    ),
    state_dir: Annotated[Path, typer.Option(help="databases and logs; kept for the next time")] = Path("var/dev"),
    api_port: Annotated[int, typer.Option(help="port of the API; 0: none", min=0, max=65535)] = 8000,
) -> None:
    """Run `dagster dev` on servers and an exchange of its own, and reload it when a file of the package changes."""
    from trading_pipeline.runtime.supervision.dev import run_dev

    run_dev(config.resolve(), state_dir.resolve(), port, api_port)


def migrate() -> None:
    """Create the databases of DATABASE_URL and DAGSTER_POSTGRES_URL; bring schema and sealed secrets up to date."""
    from trading_pipeline.adapters.stores.postgres.database import ensure_database
    from trading_pipeline.adapters.stores.postgres.migration import migrate as migrate_schema
    from trading_pipeline.settings import Settings

    settings = Settings()
    url = settings.database_url
    if not url:
        raise ConfigurationError("DATABASE_URL is unset; the embedded server is migrated when the system starts")
    # The database first: a schema needs one, and a new server has neither.
    ensure_database(url)
    migrate_schema(url)
    if settings.dagster_database_url:
        from trading_pipeline.runtime.dagster.storage import create_tables

        ensure_database(settings.dagster_database_url)
        create_tables(settings.dagster_database_url)
    _seal_old_secrets(settings)


def _seal_old_secrets(settings: "Settings") -> None:
    from trading_pipeline.adapters.stores.postgres.database import connect
    from trading_pipeline.resources.access import seal_old_secrets

    engine = connect(settings.database_url)
    try:
        done = seal_old_secrets(engine, settings)
        if done.sealed:
            sys.stdout.write(f"{done.sealed} second factors are sealed by the newest key now\n")
        for name in done.lost:
            sys.stdout.write(
                f"the second factor of {name} opens with no key of TRADING_TOTP_KEY; add the one it was sealed with "
                f"after a comma, or `trading-pipeline users reset {name}`\n"
            )
    finally:
        engine.dispose()


def daemon(workspace: Annotated[Path, typer.Option(help="Dagster workspace file")] = Path("workspace.yaml")) -> None:
    """Run the Dagster daemon with short pauses between its rounds."""
    _require("DAGSTER_HOME")
    from trading_pipeline.runtime.dagster.daemon import run_daemon

    run_daemon(str(workspace))


def webserver(
    port: Annotated[int, typer.Option(help="port of the Dagster UI", min=1, max=65535)] = 3000,
    host: Annotated[str, typer.Option(help="address; the UI itself asks nobody who they are")] = "127.0.0.1",
    workspace: Annotated[Path, typer.Option(help="Dagster workspace file")] = Path("workspace.yaml"),
) -> None:
    """Serve the Dagster UI under /dagster; the API lets people in to it and says who may only look."""
    _require("DAGSTER_HOME")
    from trading_pipeline.runtime.dagster.webserver import run_webserver

    run_webserver(str(workspace), host, port)


def worker(
    queue: Annotated[str, typer.Option(help="trading or backfill")],
    processes: Annotated[int, typer.Option(help="runs at a time", min=1)] = 1,
) -> None:
    """Execute the Dagster runs of one queue."""
    _require("DAGSTER_HOME", "REDIS_URL", "CELERY_BROKER_URL")
    from trading_pipeline.runtime.dagster.worker import run_worker

    run_worker(queue, processes)


def _require(*names: str) -> None:
    """Dagster and Celery read these from the environment alone.

    :raises ConfigurationError: one is unset.
    """
    for name in names:
        if not os.environ.get(name):
            raise ConfigurationError(f"{name} is unset; `trading-pipeline up` sets it for the processes it starts")

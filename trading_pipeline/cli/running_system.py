"""What commands that look at or steer a running system have in common.

Imports stand inside the functions: `--help` must not pay for databases.
"""

import getpass
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trading_pipeline.domain.model.commands import CommandVerb, OperatorCommand
from trading_pipeline.domain.model.halts import HaltScope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Engine

    from trading_pipeline.settings import Settings

StateDir = Annotated[
    Path | None, typer.Option(help="state folder of the system; default TRADING_STATE_DIR", show_default=False)
]
Reason = Annotated[str, typer.Option(help="why, in a sentence; it is kept for good")]


def settings_of(state_dir: Path | None) -> "Settings":
    """Settings of a process beside the running system, which the environment of this process has from now on.

    :raises ConfigurationError: no system runs there.
    """
    from trading_pipeline.adapters.parameters.running_system import settings_beside
    from trading_pipeline.settings import Settings

    own = Settings()
    # A folder that was named wins over a database in the environment, which may be another system's.
    asked = own if state_dir is None else own.model_copy(update={"state_dir": state_dir, "database_url": ""})
    # Dagster and the resources of its jobs read nothing else
    os.environ.update(settings_beside(asked))
    return Settings()


@contextmanager
def database_of(settings: "Settings") -> Iterator["Engine"]:
    """The system's database.

    :raises ConfigurationError: it cannot be reached, or has another schema.
    """
    from sqlalchemy.exc import OperationalError, ProgrammingError

    from trading_pipeline.adapters.stores.postgres.database import connect, unreachable
    from trading_pipeline.domain.model.errors import ConfigurationError

    engine = connect(settings.database_url)
    try:
        yield engine
    except OperationalError as error:
        raise unreachable(settings.database_url, error) from error
    except ProgrammingError as error:
        raise ConfigurationError(f"the database has another schema; run `trading-pipeline migrate`: {error}") from error
    finally:
        engine.dispose()


def command_of(verb: CommandVerb, scope: HaltScope, reason: str) -> OperatorCommand:
    """For the record: whoever is logged in gives it, now.

    The time is this machine's, in UTC: a halt must not wait for a venue to say what time it is.
    """
    return OperatorCommand(
        command_id=str(uuid.uuid4()),
        verb=verb,
        scope=scope,
        actor=getpass.getuser(),
        reason=reason,
        given_at=datetime.now(UTC),
    )


def run_job(settings: "Settings", job: str, ops: "Mapping[str, Mapping[str, object]]") -> dict[str, str]:
    """Let Dagster run a job of orders, and wait for its end; the run as an API names one that it launches.

    :raises ConfigurationError: Dagster is not there, or refuses the config.
    :raises DataError: the run failed or takes long; the message says what is recorded of it and where to look.
    """
    from trading_pipeline.adapters.stores.operations.command_log import PostgresCommandLog
    from trading_pipeline.domain.model.errors import DataError
    from trading_pipeline.runtime.dagster.launch_job import launch_job

    run = launch_job(settings.dagster_url, job, ops)
    if run.succeeded:
        return {"job": job, "run_id": run.run_id, "run_page": run.page}
    with database_of(settings) as engine:
        told = [record.detail for record in PostgresCommandLog(engine).of(run.run_id) if record.detail]
    raise DataError(f"{job} is {run.status.value.lower()}: {told[-1] if told else 'nothing is recorded'}; {run.page}")

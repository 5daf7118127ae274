"""What the routes work with."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends
from fastapi.requests import HTTPConnection
from sqlalchemy import Engine

from trading_pipeline.api.backfills import Backfills
from trading_pipeline.api.charts import Charts
from trading_pipeline.api.commands import Commands
from trading_pipeline.api.configuration import Configuration
from trading_pipeline.api.ledger_looks import LedgerLooks
from trading_pipeline.api.letters import Letters
from trading_pipeline.api.looks import Looks
from trading_pipeline.api.research import Research
from trading_pipeline.api.uploads import Uploads
from trading_pipeline.domain.model.universe import Universe
from trading_pipeline.ports.credentials import Tickets
from trading_pipeline.ports.orchestrator import JobLauncher
from trading_pipeline.ports.stores.operations.record_reader import RecordReader
from trading_pipeline.services.access.access_context import AccessContext
from trading_pipeline.settings import Settings


@dataclass(frozen=True, slots=True)
class ApiContext:
    """The one composition of the API.

    :param universe: as it was when the process started.
    """

    settings: Settings
    engine: Engine
    universe: Universe
    access: AccessContext
    tickets: Tickets
    links: Tickets
    reader: RecordReader
    jobs: JobLauncher
    commands: Commands
    looks: Looks
    ledger: LedgerLooks
    charts: Charts
    backfills: Backfills
    research: Research

    @property
    def letters(self) -> Letters:
        """Messages that could not be understood."""
        return Letters(self.settings, self.engine)

    @property
    def configuration(self) -> Configuration:
        """What the system runs with."""
        return Configuration(self.settings, self.engine)

    @property
    def uploads(self) -> Uploads:
        """Files of bars that wait."""
        return Uploads(self.engine)

    def now(self) -> datetime:
        """Wall time, UTC: sessions and commands must go on while no venue says what time it is."""
        return datetime.now(UTC)


def context_of(connection: HTTPConnection) -> ApiContext:
    """That of the application which answers."""
    context: ApiContext = connection.app.state.context
    return context


async def _given(connection: HTTPConnection) -> ApiContext:
    """A coroutine, as what is none is handed to a thread and back, which costs more than what it does."""
    return context_of(connection)


Context = Annotated[ApiContext, Depends(_given)]
"""What a route asks for."""

"""Put together once for the process what the routes work with."""

from functools import partial

from trading_pipeline.adapters.orchestrator.dagster_jobs import DagsterJobs
from trading_pipeline.adapters.orchestrator.ui import UI_PREFIX
from trading_pipeline.adapters.parameters.universe import load_universe
from trading_pipeline.adapters.stores.postgres.database import connect
from trading_pipeline.adapters.stores.reading.record_reader import PostgresRecordReader
from trading_pipeline.api.backfills import Backfills
from trading_pipeline.api.binding import signing_secret
from trading_pipeline.api.charts import Charts, market_of
from trading_pipeline.api.commands import Commands
from trading_pipeline.api.context import ApiContext
from trading_pipeline.api.ledger_looks import LedgerLooks
from trading_pipeline.api.looks import Looks
from trading_pipeline.api.research import Research
from trading_pipeline.resources.access import build_access, build_links, build_tickets
from trading_pipeline.settings import Settings


def build_context(settings: Settings) -> ApiContext:
    """Put it together; nothing is asked yet, so that the API answers while its servers are away.

    :raises ConfigurationError: the configuration folder, an address or the secret is wrong.
    """
    # as many as ever ask at once, since one that is opened for a single answer takes longer than the answer
    engine = connect(settings.database_url, kept=14)
    jobs = DagsterJobs(settings.dagster_url, pages=UI_PREFIX)
    reader, universe = PostgresRecordReader(engine), load_universe(settings.config_dir)
    # the venue's code is loaded by whoever needs it first
    market = partial(market_of, universe, settings)
    return ApiContext(
        settings=settings,
        engine=engine,
        universe=universe,
        access=build_access(engine, settings, signing_secret(settings)),
        tickets=build_tickets(settings),
        links=build_links(settings),
        reader=reader,
        jobs=jobs,
        commands=Commands(settings, engine, jobs, lambda: market()[1]),
        looks=Looks(engine, settings),
        ledger=LedgerLooks(engine),
        charts=Charts(reader, universe, market),
        backfills=Backfills(settings, engine, universe, jobs, lambda: market()[0]),
        research=Research(settings, engine, universe, jobs),
    )

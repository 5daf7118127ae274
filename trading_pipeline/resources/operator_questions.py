"""What a command of a person has to find out first, for the command line and for the API."""

from collections.abc import Sequence

from sqlalchemy import Engine

from trading_pipeline.adapters.parameters.universe import load_universe
from trading_pipeline.adapters.stores.execution.account_overview import PostgresAccountOverview
from trading_pipeline.adapters.stores.reading.record_reader import PostgresRecordReader
from trading_pipeline.adapters.venues.catalog import venue_named
from trading_pipeline.domain.model.halts import HaltScope
from trading_pipeline.domain.risk.differences import Difference
from trading_pipeline.resources.execution_context import build_controls, build_execution_context
from trading_pipeline.resources.limits_in_force import limits_in_force
from trading_pipeline.services.execution.compare_account import compare_account
from trading_pipeline.services.execution.find_scope import find_scope
from trading_pipeline.services.operations.read_records import one_record
from trading_pipeline.settings import Settings


def scope_meant(engine: Engine, settings: Settings, text: str, *, lifting: bool) -> HaltScope:
    """What a person means by an instrument, an account or ``all``.

    :raises ConfigurationError: see ``find_scope``.
    """
    return find_scope(
        text=text,
        universe=load_universe(settings.config_dir),
        halts=build_controls(engine).halts,
        positions=PostgresAccountOverview(engine),
        lifting=lifting,
    )


def scope_of(engine: Engine, collection: str, identity: str) -> HaltScope:
    """The instrument of a stored signal, order or position.

    :raises UnknownName: there is none of that id.
    """
    found = one_record(reader=PostgresRecordReader(engine), collection=collection, identity=identity)
    return HaltScope(str(found["instrument_id"]))


def differences_now(engine: Engine, settings: Settings) -> Sequence[Difference]:
    """What the venue and the ledger disagree about now.

    :raises TemporaryVenueError: the venue cannot be asked.
    """
    venue = venue_named(load_universe(settings.config_dir).venue, settings)
    limits = limits_in_force(engine, settings.config_dir)
    # In no run's name: a question writes nothing that would have to lead back to one.
    return compare_account(context=build_execution_context(engine, venue, settings, limits, run_id=""))

"""Connections to the database ``trading``."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from psycopg.errors import DiskFull
from pydantic_core import from_json
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext
from sqlalchemy.exc import ArgumentError, InvalidatePoolError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from trading_pipeline.domain.model.errors import AccountTradedElsewhere, ConfigurationError

_FENCED = "TP001"
"""The code of ``trading.require_lease``."""
_MOST = 14
"""Connections of a process at once."""
_RESTED_S = 1.0
"""A server that was restarted has been away for longer than this, in seconds."""


def connect(url: str, patience_ms: int = 0, kept: int = 4) -> Engine:
    """An engine on ``url``; sessions speak UTC.

    A bare ``postgresql://`` is read as psycopg 3.

    :param patience_ms: what a statement may take before it fails, locks included; 0: as long as it takes.
    :param kept: connections that stay open at rest; of the 14 there may be, the others are opened for one use.
    :raises ConfigurationError: it is no address of a PostgreSQL database.
    """
    parsed = _address(url)
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    options = f"-c timezone=UTC -c statement_timeout={patience_ms}"
    engine = create_engine(
        parsed,
        pool_size=kept,
        max_overflow=_MOST - kept,
        # The one that was used last: taken in turn, each has rested by then and is tried before it is used.
        pool_use_lifo=True,
        connect_args={"options": options},
        # the same values as json's, in a third of the time, of which lists of plans are mostly made
        json_deserializer=from_json,
    )
    event.listen(engine, "handle_error", _raise_traded_elsewhere)
    return pinged_after_rest(engine)


@cache
def kept_engine(url: str, process_id: int) -> Engine:  # noqa: ARG001
    """One engine for all runs and ticks of a process: one of its own would connect and compile every statement anew.

    :param process_id: a forked worker must not use the connections of its parent.
    """
    return connect(url)


def _raise_traded_elsewhere(context: ExceptionContext) -> None:
    """A trigger's refusal in our own words, so that whoever sorts errors knows it from rows that cannot be written."""
    if getattr(context.original_exception, "sqlstate", None) == _FENCED:
        raise AccountTradedElsewhere(str(context.original_exception).splitlines()[0]) from context.original_exception


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection for questions that take no lock: each is a transaction of its own.

    Without one that is begun and rolled back around it, a question goes to the server once and not three times.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection


@contextmanager
def repeatable(engine: Engine) -> Iterator[Connection]:
    """A transaction that does not wait for the disk, for rows that whoever loses them computes again.

    What a server lost with its machine is lost from the newest transaction back, so that all of it is on the disk as
    soon as a later transaction has waited. See docs/decisions/0127.
    """
    with engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
        yield connection


def pinged_after_rest(engine: Engine) -> Engine:
    """The engine, whose pooled connections are tried before use when they have rested for over a second.

    ``pool_pre_ping`` tries them at every use: of a wave's statements every second one was such a question.
    """

    def note(connection: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:  # noqa: ARG001
        entry.info["rests_since"] = time.monotonic()

    def ping(connection: DBAPIConnection, entry: ConnectionPoolEntry, proxy: PoolProxiedConnection) -> None:  # noqa: ARG001
        if time.monotonic() - entry.info.get("rests_since", time.monotonic()) <= _RESTED_S:
            return
        dialect = engine.dialect
        try:
            dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error as error:
            # the pool opens another one, and tries no other of the same age
            raise InvalidatePoolError from error

    event.listen(engine, "checkin", note)
    event.listen(engine, "checkout", ping)
    return engine


def ensure_database(url: str) -> None:
    """Create the database that ``url`` names when the server does not have it.

    :raises ConfigurationError: the server cannot be reached.
    """
    target = _address(url)
    # PostgreSQL creates no database in a transaction, and a connection needs one: ``postgres`` is always there.
    admin = create_engine(
        target.set(database="postgres", drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    try:
        with admin.connect() as connection:
            found = connection.execute(
                text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": target.database}
            )
            if found.first() is None:
                # A name cannot be a parameter of this statement.
                quoted = connection.dialect.identifier_preparer.quote_identifier(str(target.database))
                connection.execute(text(f"CREATE DATABASE {quoted}"))
    except OperationalError as error:
        raise unreachable(url, error) from error
    finally:
        admin.dispose()


def unreachable(url: str, error: OperationalError) -> ConfigurationError:
    """The error for a server that does not answer or has no room left, without the password."""
    where = make_url(url).render_as_string(hide_password=True)
    cause = str(error.orig).strip().splitlines()[0]
    if isinstance(error.orig, DiskFull):
        return ConfigurationError(
            f"the disk of database {where} is full ({cause}); what was committed is kept: make room and run it again"
        )
    return ConfigurationError(f"database {where} cannot be reached ({cause}); check DATABASE_URL or unset it")


def _address(url: str) -> URL:
    """The parts of an address; one that cannot be read is not repeated, since it may hold a password.

    :raises ConfigurationError: it is no address of a PostgreSQL database.
    """
    try:
        address = make_url(url)
    except ArgumentError:
        address = None
    if address is None or address.get_backend_name() != "postgresql" or not address.database:
        raise ConfigurationError("DATABASE_URL is no address like postgresql://user:password@host:5432/trading")
    return address

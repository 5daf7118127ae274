"""Connections to the database ``trading`` and its migrations."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from trading_pipeline.domain.model.errors import ConfigurationError

_MIGRATIONS = Path(__file__).parent / "migrations"


def connect(url: str) -> Engine:
    """An engine on ``url``; sessions speak UTC.

    A bare ``postgresql://`` is read as psycopg 3.
    """
    parsed = make_url(url)
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    return create_engine(parsed, pool_pre_ping=True, pool_size=4, connect_args={"options": "-c timezone=UTC"})


def ensure_database(url: str) -> None:
    """Create the database that ``url`` names when the server does not have it.

    :raises ConfigurationError: the server cannot be reached.
    """
    target = make_url(url)
    admin = create_engine(
        target.set(database="postgres", drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    try:
        with admin.connect() as connection:
            found = connection.execute(
                text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": target.database}
            )
            if found.first() is None:
                quoted = connection.dialect.identifier_preparer.quote_identifier(str(target.database))
                connection.execute(text(f"CREATE DATABASE {quoted}"))
    except OperationalError as error:
        raise unreachable(url, error) from error
    finally:
        admin.dispose()


def migrate(url: str) -> None:
    """Bring the schema to its newest revision; running it twice changes nothing.

    :raises ConfigurationError: the server cannot be reached.
    """
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["engine"] = engine = connect(url)
    try:
        command.upgrade(config, "head")
    except OperationalError as error:
        raise unreachable(url, error) from error
    finally:
        engine.dispose()


def unreachable(url: str, error: OperationalError) -> ConfigurationError:
    """The error for a server that does not answer, without the password."""
    where = make_url(url).render_as_string(hide_password=True)
    cause = str(error.orig).strip().splitlines()[0]
    return ConfigurationError(f"database {where} cannot be reached ({cause}); check DATABASE_URL or unset it")

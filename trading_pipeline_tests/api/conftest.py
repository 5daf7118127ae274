"""An API for the tests of one file, which share its users and its database."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from trading_pipeline.runtime.supervision.embedded import EmbeddedPostgres
from trading_pipeline_tests.testkit.api_lab import ApiLab, running_api, settings_of


@pytest.fixture(scope="module")
def module_database_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    """Address of a database that the tests of a file share."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    admin = create_engine(postgres.url("postgres", "psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template_trading"))
        yield postgres.url(name, "psycopg")
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(scope="module")
def api(module_database_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiLab]:
    """As production composes it."""
    folder: Path = tmp_path_factory.mktemp("api")
    with running_api(settings_of(folder, module_database_url, redis_url)) as lab:
        yield lab

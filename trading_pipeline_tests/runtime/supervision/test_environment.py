from pathlib import Path

import pytest
from sqlalchemy import make_url

from trading_pipeline.runtime.supervision.embedded import EmbeddedPostgres
from trading_pipeline.runtime.supervision.environment import SystemState
from trading_pipeline.settings import Settings


@pytest.mark.parametrize("query", ["", "&connect_timeout=5"])
def test_the_dagster_database_lies_beside_the_one_that_was_given(
    postgres: EmbeddedPostgres, redis_url: str, tmp_path: Path, query: str
) -> None:
    given = postgres.url("template_trading", "psycopg") + query
    state = SystemState(Settings(TRADING_STATE_DIR=tmp_path, DATABASE_URL=given, REDIS_URL=redis_url))
    state.open()
    told = make_url(state.variables["DAGSTER_POSTGRES_URL"])
    assert (told.drivername, told.database) == ("postgresql+psycopg2", "dagster")
    assert told.set(drivername="x", database="y") == make_url(given).set(drivername="x", database="y")

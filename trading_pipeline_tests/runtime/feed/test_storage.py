"""Database and event log are reached, or refused by name, before anything is heard."""

import pytest
from sqlalchemy import Engine, text

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.runtime.feed.storage import opened_storage
from trading_pipeline.runtime.supervision.embedded import EmbeddedPostgres, free_port
from trading_pipeline.settings import Settings


def settings_of(database_url: str, redis_url: str) -> Settings:
    return Settings.model_validate({"DATABASE_URL": database_url, "REDIS_URL": redis_url})


def test_what_is_opened_leaves_a_sign_of_life_at_once(database: Engine, database_url: str, redis_url: str) -> None:
    with opened_storage(settings_of(database_url, redis_url)) as storage, database.connect() as connection:
        read = text("SELECT component, detail FROM trading.heartbeats")
        assert connection.execute(read).all() == [("feed", "starting")]
        storage.beat("feed.public up")
        assert connection.execute(read).all() == [("feed", "feed.public up")]


@pytest.mark.parametrize("url", ["", "postgresql://nobody@127.0.0.1:1/trading"])
def test_a_database_that_is_not_there_is_named(url: str, redis_url: str) -> None:
    with pytest.raises(ConfigurationError, match="DATABASE_URL"), opened_storage(settings_of(url, redis_url)):
        pass


@pytest.mark.parametrize("url", ["", f"redis://127.0.0.1:{free_port()}/0"], ids=["unset", "nobody listens"])
def test_an_event_log_that_is_not_there_is_named(url: str, database_url: str) -> None:
    with pytest.raises(ConfigurationError, match="REDIS_URL"), opened_storage(settings_of(database_url, url)):
        pass


def test_a_database_without_schema_names_the_command(postgres: EmbeddedPostgres, redis_url: str) -> None:
    bare = postgres.url("postgres", "psycopg")
    with (
        pytest.raises(ConfigurationError, match="trading-pipeline migrate"),
        opened_storage(settings_of(bare, redis_url)),
    ):
        pass

"""Database and event log are reached, or refused by name, before anything is heard."""

import pytest
from sqlalchemy import Engine, text

from trading_pipeline.domain.model.errors import ConfigurationError, ServerAway
from trading_pipeline.runtime.feed.storage import opened_storage
from trading_pipeline.runtime.supervision.embedded import EmbeddedPostgres
from trading_pipeline.settings import Settings


def settings_of(database_url: str, redis_url: str) -> Settings:
    return Settings.model_validate({"DATABASE_URL": database_url, "REDIS_URL": redis_url})


def test_what_is_opened_leaves_a_sign_of_life_at_once(database: Engine, database_url: str, redis_url: str) -> None:
    with opened_storage(settings_of(database_url, redis_url)) as storage, database.connect() as connection:
        read = text("SELECT component, detail FROM trading.heartbeats")
        assert connection.execute(read).all() == [("feed", "starting")]
        storage.beat("feed.public up")
        assert connection.execute(read).all() == [("feed", "feed.public up")]


@pytest.mark.parametrize("missing", ["DATABASE_URL", "REDIS_URL"])
def test_an_address_that_is_not_given_is_named(missing: str, database_url: str, redis_url: str) -> None:
    given = settings_of(*("" if name == missing else url for name, url in _named(database_url, redis_url)))
    with pytest.raises(ConfigurationError, match=missing), opened_storage(given):
        pass


@pytest.mark.parametrize(
    ("away", "url"),
    [("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/trading"), ("REDIS_URL", "redis://127.0.0.1:1/0")],
)
def test_a_silent_server_is_away_and_no_wrong_setting(away: str, url: str, database_url: str, redis_url: str) -> None:
    given = settings_of(*(url if name == away else one for name, one in _named(database_url, redis_url)))
    with pytest.raises(ServerAway, match=away), opened_storage(given):
        pass


def _named(database_url: str, redis_url: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("DATABASE_URL", database_url), ("REDIS_URL", redis_url)


def test_a_database_without_schema_names_the_command(postgres: EmbeddedPostgres, redis_url: str) -> None:
    bare = postgres.url("postgres", "psycopg")
    with (
        pytest.raises(ConfigurationError, match="trading-pipeline migrate"),
        opened_storage(settings_of(bare, redis_url)),
    ):
        pass

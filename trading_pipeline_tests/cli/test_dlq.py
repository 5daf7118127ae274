"""Dead letters from the command line."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.streams.redis_stream import RedisStream
from trading_pipeline.domain.model.errors import TradingError
from trading_pipeline.runtime.supervision.embedded import EmbeddedRedis
from trading_pipeline_tests.cli.commands import Command, Refusal

NOTHING_READS = "postgresql://nobody@127.0.0.1:1/trading"
"""An address of a database, which commands that only look at letters never ask."""


@pytest.fixture(scope="module")
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis without anybody else's letters."""
    server = EmbeddedRedis(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server.url
    server.stop()


@pytest.fixture
def letters(own_redis: str) -> RedisStream:
    """Two letters, the older one unreadable for good."""
    stream = RedisStream(own_redis)
    for letter in stream.dead_letters(100):
        stream.drop_dead_letter(letter.letter_id)
    stream.dead_letter("feed.public", "{", "not JSON: it ends\nearly")
    stream.dead_letter("stream:bar_close", "{}", "kind: Field required")
    return stream


def test_letters_are_listed_shown_and_dropped(command: Command, letters: RedisStream, own_redis: str) -> None:
    where = {"REDIS_URL": own_redis, "DATABASE_URL": NOTHING_READS}
    newest, oldest = letters.dead_letters(10)
    listed = command("dlq", "list", **where).stdout.splitlines()
    assert [line.split()[0] for line in listed] == [newest.letter_id, oldest.letter_id]
    assert listed[1].endswith("UTC  feed.public  not JSON: it ends early")
    shown = command("dlq", "show", newest.letter_id, **where).stdout
    assert shown.startswith("heard by stream:bar_close at ")
    assert shown.endswith("kind: Field required\n\n{}\n")
    assert command("dlq", "drop", newest.letter_id, **where).stdout == "1 dropped\n"
    assert letters.dead_letters(10) == [oldest]
    assert command("dlq", "drop", "--all", **where).stdout == "1 dropped\n"
    assert command("dlq", "list", **where).stdout == "no dead letters\n"


def test_what_is_replayed_and_not_understood_is_told_and_stays(
    command: Command, letters: RedisStream, own_redis: str, database: Engine
) -> None:
    where = {
        "REDIS_URL": own_redis,
        "DATABASE_URL": database.url.render_as_string(hide_password=False),
        "BYBIT_REST_URL": "http://127.0.0.1:9",
    }
    result = command("dlq", "replay", "--all", **where)
    assert isinstance(result.exception, TradingError)
    assert str(result.exception).startswith("2 of 2 letters are still not understood")
    assert ["still not understood" in line for line in result.stdout.splitlines()] == [True, True]
    assert len(letters.dead_letters(10)) == 2


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["drop"], "name letters by their ids, or say --all"),
        (["drop", "1-0", "--all"], "name letters by their ids, or say --all"),
        (["show", "1-0"], "no dead letter 1-0"),
    ],
)
def test_letters_are_named_or_all_are_meant(
    refusal: Refusal, own_redis: str, arguments: list[str], problem: str
) -> None:
    where = {"REDIS_URL": own_redis, "DATABASE_URL": NOTHING_READS}
    assert problem in refusal("dlq", *arguments, **where)

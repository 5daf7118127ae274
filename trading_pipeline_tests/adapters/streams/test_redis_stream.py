"""What is Redis's own about the event stream; its contract is in ``trading_pipeline_tests/contracts``."""

import threading
import uuid
from datetime import UTC, datetime, timedelta

import pytest
import redis

from trading_pipeline.adapters.streams.redis_stream import RedisStream
from trading_pipeline.domain.model.errors import ServerAway
from trading_pipeline.domain.model.events import BarClosed
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.runtime.supervision.embedded import free_port

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def prefix() -> str:
    return f"{uuid.uuid4().hex}:"


@pytest.fixture
def stream(redis_url: str, prefix: str) -> RedisStream:
    return RedisStream(redis_url, prefix)


def a_bar_closed(hours: int = 0) -> BarClosed:
    return BarClosed("BTCUSDT.BYBIT", Timeframe.H1, NOON + timedelta(hours=hours))


def test_a_blocked_wait_returns_when_something_is_published(stream: RedisStream) -> None:
    start = stream.wait(BarClosed, "", 0.01)
    timer = threading.Timer(0.05, stream.publish, [[a_bar_closed()]])
    timer.start()
    assert stream.wait(BarClosed, start, 30) > start


@pytest.mark.parametrize("entry", [{"data": "not json"}, {"other": "field"}, {"data": b"\xff\xfe"}])
def test_a_malformed_message_is_buried_once_and_passed_over(
    stream: RedisStream, redis_url: str, prefix: str, entry: dict[str, str | bytes]
) -> None:
    start = stream.wait(BarClosed, "", 0.01)
    redis.Redis.from_url(redis_url).xadd(f"{prefix}bar_close", entry)
    after = stream.wait(BarClosed, start, 5)
    assert stream.wait(BarClosed, after, 0.01) == after
    assert [letter.source for letter in stream.dead_letters(10)] == [f"{prefix}bar_close"]


def test_dead_letters_come_newest_first_with_their_reason(stream: RedisStream) -> None:
    stream.dead_letter("feed.public", "{", "no json")
    stream.dead_letter("feed.private", "[]", "no object")
    newest, oldest = stream.dead_letters(10)
    assert (newest.source, newest.payload, newest.reason) == ("feed.private", "[]", "no object")
    assert stream.dead_letters(1) == [newest]
    assert oldest.letter_id < newest.letter_id


def test_an_unreachable_redis_is_named_with_its_setting() -> None:
    port = free_port()
    with pytest.raises(ServerAway, match=f"{port}.*REDIS_URL"):
        RedisStream(f"redis://127.0.0.1:{port}/0").check()

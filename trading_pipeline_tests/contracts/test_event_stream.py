"""The event log in Redis and the one in memory."""

import uuid
from collections.abc import Callable

import pytest

from trading_pipeline.adapters.streams.redis_stream import RedisStream
from trading_pipeline_tests.contracts.event_stream_contract import EventStreamContract, Letters
from trading_pipeline_tests.testkit.fakes_market_data import ListStream


class TestRedisStream(EventStreamContract):
    @pytest.fixture
    def stream(self, redis_url: str) -> RedisStream:
        return RedisStream(redis_url, f"{uuid.uuid4().hex}:")

    @pytest.fixture
    def dead_letters(self, stream: RedisStream) -> Callable[[], Letters]:
        return lambda: [(one.source, one.payload, one.reason) for one in reversed(stream.dead_letters(100))]


class TestListStream(EventStreamContract):
    @pytest.fixture
    def stream(self) -> ListStream:
        return ListStream()

    @pytest.fixture
    def dead_letters(self, stream: ListStream) -> Callable[[], Letters]:
        return lambda: stream.dead

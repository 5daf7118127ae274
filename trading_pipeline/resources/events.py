"""The event streams, for the length of one run or one sensor tick."""

import dagster as dg
from pydantic import Field

from trading_pipeline.adapters.streams.redis_stream import RedisStream
from trading_pipeline.ports.streams import EventStream


class Events(dg.ConfigurableResource[EventStream]):
    """Where runs announce what they stored and sensors wait to be woken."""

    redis_url: str = Field(description="address of Redis")

    def stream(self) -> EventStream:
        """The streams; connects at the first call."""
        return RedisStream(self.redis_url)

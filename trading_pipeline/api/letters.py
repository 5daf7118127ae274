"""Messages that could not be understood: looked at and dropped."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from trading_pipeline.domain.model.errors import ConfigurationError, ServerAway
from trading_pipeline.settings import Settings

if TYPE_CHECKING:
    from trading_pipeline.adapters.streams.redis_stream import RedisStream


@contextmanager
def opened_stream(settings: Settings) -> Iterator["RedisStream"]:
    """The stream of dead letters.

    :raises ServerAway: Redis does not answer.
    """
    from trading_pipeline.adapters.streams.redis_stream import RedisStream

    try:
        with closing(RedisStream(settings.redis_url)) as stream:
            yield stream
    except ConfigurationError as error:
        raise ServerAway("redis", str(error)) from error

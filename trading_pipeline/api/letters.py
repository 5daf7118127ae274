"""Messages that could not be understood: looked at, taken up again and dropped."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import redis

from trading_pipeline.domain.model.dead_letters import DeadLetter
from trading_pipeline.domain.model.errors import ConfigurationError, ServerAway, UnknownName
from trading_pipeline.settings import Settings

if TYPE_CHECKING:
    from trading_pipeline.adapters.streams.redis_stream import RedisStream


_EVERY_LETTER = 100_000
"""More than a stream keeps."""


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
        # whoever uses the stream may have troubles of another kind
        if isinstance(error.__cause__, redis.RedisError):
            raise ServerAway("redis", str(error)) from error
        raise


def letter_of(stream: "RedisStream", letter_id: str) -> DeadLetter:
    """The letter of an id.

    :raises UnknownName: there is none.
    """
    found = next((one for one in stream.dead_letters(_EVERY_LETTER) if one.letter_id == letter_id), None)
    if found is None:
        raise UnknownName(f"there is no {letter_id[:100]!r} among dead letters")
    return found

"""Dead letters, beside the database and Redis or through an API elsewhere: the same four things to do with them."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from trading_pipeline.cli.remote import RemoteApi
from trading_pipeline.cli.running_system import database_of, settings_of
from trading_pipeline.domain.model.dead_letters import DeadLetter
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.records import MOST_RECORDS

if TYPE_CHECKING:
    from trading_pipeline.adapters.streams.redis_stream import RedisStream
    from trading_pipeline.settings import Settings

_PATH = "/execution/dead-letters"
_MOST = 100_000
"""More than a stream keeps."""


class Letters(Protocol):
    """Where they lie."""

    most: int
    """How many can be seen at once."""

    def newest(self, limit: int) -> Sequence[DeadLetter]:
        """Newest first."""
        ...

    def drop(self, letter_id: str) -> None:
        """Forget one."""
        ...

    def replay(self, letter: DeadLetter) -> str:
        """Take one up; says what came of it, raises ``DataError`` when it is still not understood."""
        ...


class LettersThere(Letters):
    """Of an API, which lists the newest thousand."""

    most = MOST_RECORDS

    def __init__(self, api: RemoteApi) -> None:
        self._api = api

    def newest(self, limit: int) -> Sequence[DeadLetter]:
        """As it lists them."""
        found = self._api.get(_PATH, limit=min(limit, self.most))["items"]
        return [DeadLetter(one["letter_id"], one["source"], one["payload"], one["reason"]) for one in found]

    def drop(self, letter_id: str) -> None:
        """On record over there."""
        self._api.order("DELETE", f"{_PATH}/{letter_id}", {})

    def replay(self, letter: DeadLetter) -> str:
        """By the readers over there."""
        return str(self._api.order("POST", f"{_PATH}/{letter.letter_id}/replay", {})["done"])


class LettersHere(Letters):
    """Of the system beside this process; only a replay asks its database."""

    most = _MOST

    def __init__(self, settings: "Settings", events: "RedisStream") -> None:
        self._settings, self._events = settings, events

    def newest(self, limit: int) -> Sequence[DeadLetter]:
        """Of the stream."""
        return self._events.dead_letters(limit)

    def drop(self, letter_id: str) -> None:
        """For good."""
        self._events.drop_dead_letter(letter_id)

    def replay(self, letter: DeadLetter) -> str:
        """By the readers of this version."""
        from trading_pipeline.resources.letter_readers import letter_replay

        with database_of(self._settings) as engine:
            return letter_replay(engine, self._events, self._settings).replay(letter)


@contextmanager
def letters_of(state_dir: Path | None, url: str) -> Iterator[Letters]:
    """Those of an API where an address is given, else of the system in the state folder.

    :raises ConfigurationError: neither is there.
    """
    if url:
        yield LettersThere(RemoteApi(url))
        return
    from trading_pipeline.adapters.streams.redis_stream import RedisStream

    settings = settings_of(state_dir)
    if not settings.redis_url:
        raise ConfigurationError("REDIS_URL is empty; set it beside DATABASE_URL, or name the system by --state-dir")
    with closing(RedisStream(settings.redis_url)) as events:
        yield LettersHere(settings, events)

"""Messages that could not be understood: looked at, taken up again and dropped."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from trading_pipeline.api.asker import Asker
from trading_pipeline.domain.model.dead_letters import DeadLetter
from trading_pipeline.domain.model.errors import TradingError, UnknownName
from trading_pipeline.domain.model.records import MOST_RECORDS
from trading_pipeline.settings import Settings

if TYPE_CHECKING:
    from trading_pipeline.adapters.streams.redis_stream import RedisStream

_EVERY_LETTER = 100_000
"""More than a stream keeps."""


@dataclass(frozen=True, slots=True)
class Letters:
    """The stream of dead letters; each method raises ``ServerAway`` while Redis does not answer."""

    settings: Settings
    engine: Engine

    def newest(self, limit: int) -> Sequence[DeadLetter]:
        """The newest, newest first."""
        with self._opened() as stream:
            return stream.dead_letters(min(max(limit, 1), MOST_RECORDS))

    def drop(self, asker: Asker, letter_id: str) -> None:
        """Forget one for good; what it said stays on record.

        :raises UnknownName: there is none of this id.
        """
        with self._opened() as stream:
            letter = _letter_of(stream, letter_id)
            stream.drop_dead_letter(letter_id)
        asker.record(self.engine, "dead_letter.drop", letter_id, before=_told(letter))

    def replay(self, asker: Asker, letter_id: str) -> str:
        """Read one again, now that its reader was mended, and hand it on as if it had just come.

        :returns: what came of it.
        :raises UnknownName: there is none of this id.
        :raises DataError: it still cannot be understood; it stays.
        """
        # a venue's code is loaded by whoever needs it first
        from trading_pipeline.resources.letter_readers import letter_replay

        with self._opened() as stream:
            letter = _letter_of(stream, letter_id)
            try:
                done = letter_replay(self.engine, stream, self.settings).replay(letter)
            except TradingError as error:
                asker.record(self.engine, "dead_letter.replay", letter_id, "failed", after={"detail": str(error)})
                raise
        asker.record(self.engine, "dead_letter.replay", letter_id, before=_told(letter), after={"detail": done})
        return done

    @contextmanager
    def _opened(self) -> Iterator["RedisStream"]:
        from trading_pipeline.adapters.streams.redis_stream import RedisStream

        with closing(RedisStream(self.settings.redis_url)) as stream:
            yield stream


def _letter_of(stream: "RedisStream", letter_id: str) -> DeadLetter:
    found = next((one for one in stream.dead_letters(_EVERY_LETTER) if one.letter_id == letter_id), None)
    if found is None:
        raise UnknownName(f"there is no {letter_id[:100]!r} among dead letters")
    return found


def _told(letter: DeadLetter) -> dict[str, object]:
    """What the audit trail keeps of one that is gone."""
    return {"source": letter.source, "reason": letter.reason, "payload": letter.payload}

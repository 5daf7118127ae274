"""Messages that could not be understood."""

from dataclasses import dataclass
from datetime import datetime

from trading_pipeline.domain.model.timeframes import from_ms


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that could not be understood, as it came.

    :param letter_id: its position in ``stream:dlq``; starts with the wall time in milliseconds.
    :param source: who heard it: ``feed.public``, ``feed.private`` or the name of a stream.
    """

    letter_id: str
    source: str
    payload: str
    reason: str

    @property
    def buried_at(self) -> datetime:
        """Wall time (UTC) of its burial."""
        return from_ms(int(self.letter_id.partition("-")[0]))

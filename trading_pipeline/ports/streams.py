"""Telling other processes that something happened."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from trading_pipeline.domain.model.events import Event


class EventStream(ABC):
    """A log of events per kind: ``stream:bar_close``, ``stream:wave_computed``, ``stream:fill_booked``
    and ``stream:quality``.

    Publish after the database has committed. An unreachable log raises ``ServerAway``: it will be back, so whoever
    must not lose an event waits for it.
    """

    @abstractmethod
    def publish(self, events: Sequence[Event]) -> None:
        """Append the events, in order."""

    @abstractmethod
    def wait(self, kind: type[Event], after: str, timeout_s: float) -> str:
        """Block until an event of ``kind`` is newer than the position ``after``, or the time is up.

        :param after: a position returned earlier, or ``""`` for the end of the log as it is now.
        :param timeout_s: wall seconds.
        :returns: the newest position; equal to ``after`` when nothing came.
        """

    @abstractmethod
    def dead_letter(self, source: str, payload: str, reason: str) -> None:
        """Keep a message that could not be understood, with its reason, in ``stream:dlq``."""

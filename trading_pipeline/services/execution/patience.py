"""How long a service waits for a venue that does not answer at once."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from trading_pipeline.domain.model.errors import RateLimited, TemporaryVenueError

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Patience:
    """Numbers of tries and wall-clock pauses between them.

    :param tries: how often a question is asked before it is left open, at least 1.
    :param interval_s: wall seconds between two tries.
    :param lookup_window_s: wall seconds after the request during which "no such order" proves nothing.
    :param longest_pause_s: cap on a pause the venue asks for.
    :param pause: waits that many wall seconds.
    """

    tries: int = 20
    interval_s: float = 0.25
    lookup_window_s: float = 20.0
    longest_pause_s: float = 5.0
    pause: Callable[[float], None] = time.sleep

    def rest(self, asked_s: float | None = None) -> None:
        """Wait one interval, or what the venue asked for."""
        self.pause(self.interval_s if asked_s is None else min(asked_s, self.longest_pause_s))

    def read(self, question: Callable[[], Answer]) -> Answer:
        """Ask until there is an answer.

        :raises TemporaryVenueError: from the last try.
        """
        for _ in range(self.tries - 1):
            try:
                return question()
            except RateLimited as limited:
                self.rest(limited.retry_after_s)
            except TemporaryVenueError:  # asked again below, the last error is the caller's
                self.rest()
        return question()

"""How long a service waits for a venue that does not answer at once."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, stop_after_delay

from trading_pipeline.domain.model.errors import TemporaryVenueError, TurnedAway

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Numbers of tries and wall-clock pauses between them.

    :param tries: how often a question is asked before it is left open, at least 1.
    :param interval_s: wall seconds between two tries.
    :param lookup_window_s: wall seconds after the request during which "no such order" proves nothing.
    :param longest_pause_s: longest pause that is waited for; a venue that asks for more is asked another time.
    :param patience_s: wall seconds for all tries of one question together, after which no new one is begun.
    :param pause: waits that many wall seconds.
    """

    tries: int = 20
    interval_s: float = 0.25
    # Twice the client's request timeout: before that a request may still be on its way.
    lookup_window_s: float = 20.0
    longest_pause_s: float = 5.0
    patience_s: float = 20.0
    pause: Callable[[float], None] = time.sleep

    def rest(self, asked_s: float | None = None) -> None:
        """Wait one interval, or as many wall seconds as the venue asked for."""
        self.pause(self._pause_s(asked_s))

    def rounds(self) -> Iterator[int]:
        """One element for each try: how many may follow. The last is 0, after the tries or the patience."""
        began = time.monotonic()
        for left in reversed(range(self.tries)):
            if time.monotonic() - began >= self.patience_s:
                yield 0
                return
            yield left

    def waits_for(self, error: BaseException) -> bool:
        """Whether trying again within a few seconds may help."""
        if isinstance(error, TurnedAway):
            return error.retry_after_s <= self.longest_pause_s
        return isinstance(error, TemporaryVenueError)

    def read(self, question: Callable[[], Answer]) -> Answer:
        """Ask until there is an answer, with pauses of wall seconds between the tries.

        :raises TemporaryVenueError: from the last try.
        """
        tries = Retrying(
            retry=retry_if_exception(self.waits_for),
            stop=stop_after_attempt(self.tries) | stop_after_delay(self.patience_s),
            wait=self._pause_after,
            sleep=self.pause,
            reraise=True,
        )
        return tries(question)

    def _pause_s(self, asked_s: float | None) -> float:
        return self.interval_s if asked_s is None else min(asked_s, self.longest_pause_s)

    def _pause_after(self, state: RetryCallState) -> float:
        """Seconds that a venue which limits requests asks for, else the interval."""
        error = state.outcome.exception() if state.outcome is not None else None
        return self._pause_s(error.retry_after_s if isinstance(error, TurnedAway) else None)

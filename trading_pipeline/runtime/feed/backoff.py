"""How long to stay away from a venue that just dropped us."""

import random

UNANSWERED_S = 2.0
"""Between two questions to a venue that did not answer yet since the feed started."""


class Backoff:
    """Pauses that double, each shortened by up to half at random.

    The randomness keeps many feeds that lost one venue from returning in the same second.
    """

    def __init__(
        self,
        shortest_s: float = 1.0,
        longest_s: float = 60.0,
        healthy_s: float = 60.0,
        jitter: random.Random | None = None,
    ) -> None:
        """Begin with the shortest pause.

        :param healthy_s: a session that lasted this long starts the row anew.
        """
        self._shortest_s = shortest_s
        self._longest_s = longest_s
        self._healthy_s = healthy_s
        self._jitter = jitter or random.Random()  # noqa: S311 - nothing secret is drawn
        self._next_s = shortest_s

    def pause_s(self, session_s: float) -> float:
        """Seconds to wait after a session of ``session_s`` seconds."""
        if session_s >= self._healthy_s:
            self._next_s = self._shortest_s
        pause = self._next_s
        # Doubled in any case: should the next session turn out healthy, the row starts anew.
        self._next_s = min(self._next_s * 2, self._longest_s)
        return pause * self._jitter.uniform(0.5, 1.0)

"""How long to stay away from a venue that just dropped us."""

import random
from dataclasses import dataclass, field


@dataclass(slots=True)
class Backoff:
    """Pauses that double from one second to a minute, each shortened by up to half at random.

    The randomness keeps many feeds that lost one venue from returning in the same second.

    :param healthy_s: a session that lasted this long starts the row anew.
    """

    shortest_s: float = 1.0
    longest_s: float = 60.0
    healthy_s: float = 60.0
    jitter: random.Random = field(default_factory=random.Random)
    _next_s: float = 0.0

    def pause_s(self, session_s: float) -> float:
        """Seconds to wait after a session of ``session_s`` seconds."""
        if session_s >= self.healthy_s or self._next_s == 0.0:
            self._next_s = self.shortest_s
        pause = self._next_s
        self._next_s = min(self._next_s * 2, self.longest_s)
        return pause * self.jitter.uniform(0.5, 1.0)

"""The one source of "now"."""

from abc import ABC, abstractmethod
from datetime import datetime


class Clock(ABC):
    """Venue time. In replay it stands still or jumps; nothing may assume that it flows."""

    @abstractmethod
    def now(self) -> datetime:
        """Aware UTC venue time.

        :raises TemporaryVenueError: the venue cannot be asked and the last answer is too old.
        """

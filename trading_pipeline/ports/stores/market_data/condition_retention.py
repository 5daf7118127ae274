"""What stands between bars grows old."""

from abc import ABC, abstractmethod
from datetime import timedelta


class ConditionRetention(ABC):
    """The tables of what stands between bars, by the names of ``MarketFeeds``."""

    @abstractmethod
    def remove_older(self, kind: str, keep: timedelta) -> int:
        """Remove rows of which the venue time lies more than ``keep`` before that of the newest.

        :returns: how many went.
        """

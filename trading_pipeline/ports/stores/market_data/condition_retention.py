"""What stands between bars grows old."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from trading_pipeline.domain.model.identity import InstrumentId


class ConditionRetention(ABC):
    """The tables of what stands between bars, by the names of ``MarketFeeds``."""

    @abstractmethod
    def remove_older(self, kind: str, keep: timedelta) -> int:
        """Remove rows of which the venue time lies more than ``keep`` before that of the newest.

        :returns: how many went.
        """

    @abstractmethod
    def newest(self, kind: str, instrument_ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, datetime]:
        """Venue time (UTC) of the last row of each instrument that has one."""

"""Indicator snapshots."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime

import pandas as pd

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe


class SnapshotStore(ABC):
    """The table ``indicator_snapshots``."""

    @abstractmethod
    def replace(
        self,
        snapshots: pd.DataFrame,
        instrument_ids: Sequence[InstrumentId],
        timeframe: Timeframe,
        start: datetime,
        end: datetime,
    ) -> int:
        """Make ``snapshots`` all there is for the bars of ``instrument_ids`` that open in ``[start, end)``.

        :param snapshots: columns ``instrument_id`` and ``close_time``, and one float64 column per indicator,
            NaN while it warms up.
        :returns: rows written or removed; repeating it changes nothing.
        :raises DataError: two rows for one bar, or an indicator that is not a number.
        """

    @abstractmethod
    def values(
        self, instrument_id: InstrumentId, timeframe: Timeframe, close_time: datetime
    ) -> dict[str, float] | None:
        """Indicators of one bar by name, ``None`` when it has no snapshot."""

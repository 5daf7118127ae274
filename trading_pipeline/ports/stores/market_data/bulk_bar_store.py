"""Many bars at once: histories that are fetched, files that are imported."""

from abc import ABC, abstractmethod
from datetime import datetime

from trading_pipeline.domain.model.bars import BarSource
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.model.written_bars import WrittenBars


class BulkBarStore(ABC):
    """``raw_bars`` and ``bars`` of one instrument and timeframe at a time. History opens no wave."""

    @abstractmethod
    def append(self, bars: WrittenBars, source: BarSource) -> int:
        """Keep bars as told and consolidate them, in one transaction; the first word of a source about a bar stands.

        :returns: bars that this source had not told before.
        :raises DataError: they break the schema of bars; nothing is kept.
        """

    @abstractmethod
    def settled(self, instrument_id: InstrumentId, timeframe: Timeframe, start: datetime, end: datetime) -> int:
        """How many bars that open in ``[start, end)``, UTC, are consolidated, or lost: absent when asked for twice."""

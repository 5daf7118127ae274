"""Waves: which closing instants were heard, and which are computed."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.model.waves import Wave


class WaveStore(ABC):
    """Waves are opened by ``RawBarStore.append_raw``."""

    @abstractmethod
    def pending(self) -> list[Wave]:
        """Waves that are not computed, oldest first, shorter timeframes first."""

    @abstractmethod
    def at(self, close_time: datetime) -> list[Wave]:
        """The waves of one closing instant, computed or not, shorter timeframes first."""

    @abstractmethod
    def newest(self) -> datetime | None:
        """The newest closing instant heard, ``None`` before the first."""

    @abstractmethod
    def mark_computed(
        self, close_time: datetime, timeframe: Timeframe, instrument_ids: Sequence[InstrumentId], run_id: str
    ) -> bool:
        """Note that ``run_id`` stored the plans of a wave.

        :param instrument_ids: those the run computed.
        :returns: ``False`` when a bar of theirs was heard too late for the run; the wave stays pending.
        """

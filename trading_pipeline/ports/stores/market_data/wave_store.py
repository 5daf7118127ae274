"""Waves: which closing instants were heard, and which are computed."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from datetime import datetime

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.model.waves import ComputedWave, Wave


class WaveStore(ABC):
    """Waves are opened by ``RawBarStore.append_raw``."""

    @abstractmethod
    def pending(self) -> list[Wave]:
        """Waves that are neither computed nor given up, oldest first, shorter timeframes first."""

    @abstractmethod
    def give_up(self, close_time: datetime) -> bool:
        """Let nobody ask for what is not computed of a closing instant (UTC) any more.

        A run that computes it all the same is as welcome as ever.

        :returns: whether that is news; of several callers one hears it.
        """

    @abstractmethod
    def at(self, close_time: datetime) -> list[Wave]:
        """The waves of one closing instant, computed or not, shorter timeframes first."""

    @abstractmethod
    def newest(self) -> datetime | None:
        """The newest closing instant (UTC) heard, ``None`` before the first."""

    @abstractmethod
    def computed_span(self, timeframe: Timeframe) -> tuple[datetime, datetime] | None:
        """The oldest and the newest closing instant whose wave of the timeframe is computed, ``None`` without one."""

    @abstractmethod
    def begin(self, close_time: datetime, timeframe: Timeframe, decided_by: str) -> str | None:
        """Note which raw bars a run that computes the wave can see from here on, and what decides.

        :param decided_by: digest of the code and the parameters.
        :returns: name of what it can see, as ``late`` takes it; ``None`` of a wave that nobody opened.
        """

    @abstractmethod
    def computed(self, close_time: datetime, timeframe: Timeframe) -> ComputedWave | None:
        """What a computed wave was computed of; ``None`` where it is not computed."""

    @abstractmethod
    def note_unanswered(
        self, close_time: datetime, timeframe: Timeframe, instrument_ids: Collection[InstrumentId]
    ) -> None:
        """Note about which instruments a strategy failed; until the wave is begun again."""

    @abstractmethod
    def newest_unanswered(self, timeframe: Timeframe) -> frozenset[InstrumentId]:
        """The instruments about which a strategy failed in the newest computed wave."""

    @abstractmethod
    def late(
        self, instrument_ids: Sequence[InstrumentId], timeframes: Sequence[Timeframe], heard: str, by: datetime
    ) -> set[InstrumentId]:
        """Instruments of which a bar that closes by then was heard after a wave had been begun.

        :param heard: what the wave could see, as ``begin`` named it.
        """

    @abstractmethod
    def mark_computed(
        self, close_time: datetime, timeframe: Timeframe, instrument_ids: Sequence[InstrumentId], run_id: str
    ) -> bool:
        """Note that ``run_id`` stored the plans of a wave.

        :param instrument_ids: those the run computed.
        :returns: ``False`` when a bar of theirs was heard too late for the run; the wave stays pending.
        """

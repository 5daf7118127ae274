"""Verdicts about bars."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime

from trading_pipeline.domain.model.checks import DataCheck, FailedBars
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.judged_bars import JudgedBars
from trading_pipeline.domain.model.timeframes import Timeframe


class CheckStore(ABC):
    """The table ``data_checks``.

    Ranges are half-open, mean open times of the bars, and begin
    and end at multiples of the timeframe."""

    @abstractmethod
    def save(self, judged: Sequence[JudgedBars]) -> int:
        """Keep verdicts in place of earlier ones.

        :returns: bars of which a verdict was new or changed.
        """

    @abstractmethod
    def failed(
        self, instrument_ids: Sequence[InstrumentId], timeframe: Timeframe, start: datetime, end: datetime
    ) -> list[DataCheck]:
        """Verdicts against bars, by instrument and time."""

    @abstractmethod
    def failed_bars(self, timeframe: Timeframe) -> list[FailedBars]:
        """Everything that fails of all that is stored, once per reason, by instrument and time."""

    @abstractmethod
    def judged_days(
        self, instrument_ids: Sequence[InstrumentId], timeframe: Timeframe
    ) -> dict[InstrumentId, list[datetime]]:
        """Midnights of the days of which a bar has a verdict, ascending; instruments without one are left out."""

    @abstractmethod
    def skipped_closes(
        self, instrument_ids: Sequence[InstrumentId], timeframes: Sequence[Timeframe], closes: Sequence[datetime]
    ) -> list[datetime]:
        """Of some closing instants those without a verdict on a series that has verdicts before and after, ascending.

        :param closes: at which a bar of every timeframe closes.
        """

    @abstractmethod
    def sound_bars(
        self, instrument_ids: Sequence[InstrumentId], timeframe: Timeframe, start: datetime, end: datetime
    ) -> dict[InstrumentId, list[datetime]]:
        """Open times (UTC) of the bars that passed every check there is, ascending, by instrument.

        A bar that was not asked every question is not sound. Instruments without a sound bar are left out.
        """

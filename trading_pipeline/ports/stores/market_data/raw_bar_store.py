"""Bars as heard from a venue."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime, timedelta

from trading_pipeline.domain.model.bar_history import Mend, Revision
from trading_pipeline.domain.model.bars import Bar, BarSource
from trading_pipeline.domain.model.holes import Outage
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe


class RawBarStore(ABC):
    """What a process needs that hears bars; ``BarStore`` reads them."""

    @abstractmethod
    def append_raw(self, bars: Sequence[Bar], source: BarSource, *, live: bool = False) -> list[Bar]:
        """Keep bars as heard; the first word of a source about a bar stands.

        Live bars (every bar of ``BarSource.WEBSOCKET``, others when ``live``) open a wave per closing
        instant and timeframe, in the same transaction; a live bar that comes after its wave was
        computed opens the wave again.

        :returns: the bars that no source had told before, in the order given.
        """

    @abstractmethod
    def revise(self, bars: Sequence[Bar], source: BarSource) -> list[Revision]:
        """Take a source's newest word of bars of which it had told other prices or volumes, and keep the older one.

        No wave is opened for them: what was decided at their close stands. Bars that it had not told are left out.

        :returns: what changed, in the order given.
        """

    @abstractmethod
    def mend(self, mend: Mend) -> Revision:
        """Write a bar that counts before every source's, and keep what it replaces, by whom and why."""

    @abstractmethod
    def raw_bars(
        self, instrument_ids: Sequence[InstrumentId], timeframe: Timeframe, start: datetime, end: datetime
    ) -> list[Bar]:
        """Bars that open in ``[start, end)``, by instrument and time, each as the first of its sources tells it."""

    @abstractmethod
    def newest_raw_close(self, instrument_id: InstrumentId, timeframe: Timeframe) -> datetime | None:
        """Closing instant (UTC) of the newest bar heard, ``None`` before the first."""

    @abstractmethod
    def note_absent(
        self,
        instrument_id: InstrumentId,
        timeframe: Timeframe,
        open_times: Sequence[datetime],
        asked_at: datetime,
        answer: str,
        apart: timedelta,
    ) -> list[datetime]:
        """Keep that the venue was asked for bars and does not have them.

        :param open_times: of the bars, UTC.
        :param asked_at: venue time, UTC.
        :param answer: what it said instead, for people.
        :param apart: venue time that has to lie between two questions for the second to count.
        :returns: open times of those that have been asked for twice by now and had not been before, ascending.
        """

    @abstractmethod
    def outages(self, instrument_ids: Sequence[InstrumentId], timeframe: Timeframe) -> dict[InstrumentId, list[Outage]]:
        """Bars that were asked for twice and that nobody has told since, as ranges, ascending, by instrument."""

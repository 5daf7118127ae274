"""Bars as everything downstream reads them."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from trading_pipeline.domain.model.bar_history import Conflict, FirstAvailableBar
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.stores.market_data.raw_bar_store import RawBarStore

if TYPE_CHECKING:
    import pandas as pd


class BarStore(RawBarStore):
    """Ranges of time are half-open and mean open times; ``instrument_ids`` may be in any order."""

    @abstractmethod
    def missing(
        self, instrument_ids: Sequence[InstrumentId], timeframe: Timeframe, start: datetime, end: datetime
    ) -> dict[InstrumentId, list[datetime]]:
        """Open times (UTC) of which no source told a bar, ascending; instruments that miss none are left out."""

    @abstractmethod
    def sum_up(self) -> None:
        """After many bars came at once: keep it quick to ask which bars came after a wave had begun."""

    @abstractmethod
    def first_raw_open(self, instrument_id: InstrumentId, timeframe: Timeframe, since: datetime) -> datetime | None:
        """Open time (UTC) of the first bar heard that opens at or after ``since``."""

    @abstractmethod
    def first_available_bars(
        self, instrument_ids: Sequence[InstrumentId], timeframe: Timeframe
    ) -> dict[InstrumentId, FirstAvailableBar]:
        """What is known about first bars, by instrument."""

    @abstractmethod
    def record_first_available_bar(self, listing: FirstAvailableBar, timeframe: Timeframe) -> None:
        """Keep what the venue said about an instrument's first bar, in place of what it said before."""

    @abstractmethod
    def conflicts(
        self, instrument_ids: Sequence[InstrumentId], timeframe: Timeframe, start: datetime, end: datetime
    ) -> list[Conflict]:
        """Bars about whose prices the sources disagree, by instrument and time."""

    @abstractmethod
    def consolidate(
        self, instrument_ids: Sequence[InstrumentId], timeframe: Timeframe, start: datetime, end: datetime
    ) -> int:
        """Bring one row per raw bar into ``bars``: mended before websocket before REST before file before derived.

        :returns: rows that were new or changed; repeating it changes nothing.
        """

    @abstractmethod
    def frame(
        self, instrument_ids: Sequence[InstrumentId], timeframe: Timeframe, start: datetime, end: datetime
    ) -> "pd.DataFrame":
        """Consolidated bars with ``BAR_COLUMNS``.

        :raises DataError: a row breaks the schema of bars; the message names instrument and time.
        """

"""Signals."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.setups import Setup
from trading_pipeline.domain.model.signals import Signal, SignalKind
from trading_pipeline.domain.model.timeframes import Timeframe


class SignalStore(ABC):
    """The table ``signals``. Ranges are half-open and mean open times of the bars."""

    @abstractmethod
    def replace(
        self,
        signals: Sequence[Signal],
        instrument_ids: Sequence[InstrumentId],
        timeframe: Timeframe,
        start: datetime,
        end: datetime,
        setups: Sequence[Setup] = (),
        *,
        live: bool = False,
    ) -> int:
        """Make ``signals`` all there is for the range, entries and exits, historical plans of the others included.

        A signal that led to an order, or whose plan went towards one, stays as it was: it says why the order exists.

        :param setups: of those signals that have one; they come, change and go with their signals.
        :param live: a wave's run found them, so that decisions about open positions may hear them from now on,
            whatever finds them again.
        :returns: signals written or removed; repeating it changes nothing.
        """

    @abstractmethod
    def signals(
        self,
        instrument_ids: Sequence[InstrumentId],
        timeframe: Timeframe,
        start: datetime,
        end: datetime,
        kind: SignalKind = SignalKind.ENTRY,
    ) -> list[Signal]:
        """Signals of one kind in the range, by close and id."""

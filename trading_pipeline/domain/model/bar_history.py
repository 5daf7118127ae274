"""What is known about stored bars beside their prices: where a history begins, where sources disagree."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from trading_pipeline.domain.model.bars import Bar, BarSource
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe


@dataclass(frozen=True, slots=True)
class FirstAvailableBar:
    """The first bar a venue has of an instrument.

    :param asked_from: the venue was asked for everything since then (UTC) and had nothing before ``first_open``.
    :param first_open: open time of that bar, UTC.
    """

    instrument_id: InstrumentId
    asked_from: datetime
    first_open: datetime


@dataclass(frozen=True, slots=True)
class Conflict:
    """Sources that tell different prices of one bar.

    :param detail: the sources with their prices, for people.
    """

    instrument_id: InstrumentId
    open_time: datetime
    detail: str


@dataclass(frozen=True, slots=True)
class Mend:
    """A bar as a person says that it was.

    :param reason: where the values come from and why, as a sentence.
    :param command_id: of the operator's command, under which it is recorded.
    """

    bar: Bar
    reason: str
    actor: str
    command_id: str


@dataclass(frozen=True, slots=True)
class Revision:
    """A bar that a source told otherwise than before, or that a person mended.

    :param was: prices and volume before, as decimal text by name; empty where there was no bar. Of a mended bar the
        source, too, whose word it replaces.
    :param became: prices and volume since.
    """

    instrument_id: InstrumentId
    timeframe: Timeframe
    open_time: datetime
    source: BarSource
    was: Mapping[str, str]
    became: Mapping[str, str]

    @property
    def changes(self) -> dict[str, tuple[str, str]]:
        """Old and new value of what differs, by name."""
        return {name: (self.was[name], new) for name, new in self.became.items() if self.was.get(name, new) != new}

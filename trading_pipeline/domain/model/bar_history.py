"""What is known about stored bars beside their prices: where a history begins, where sources disagree."""

from dataclasses import dataclass
from datetime import datetime

from trading_pipeline.domain.model.identity import InstrumentId


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

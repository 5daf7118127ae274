"""Facts that wake somebody: the database already holds them, a lost message loses only time."""

from dataclasses import dataclass
from datetime import datetime

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.quality import QualityEvent
from trading_pipeline.domain.model.timeframes import Timeframe


@dataclass(frozen=True, slots=True)
class BarClosed:
    """A live bar was stored in ``raw_bars``; ``close_time`` is the closing instant."""

    instrument_id: InstrumentId
    timeframe: Timeframe
    close_time: datetime


@dataclass(frozen=True, slots=True)
class WaveComputed:
    """The plans of one timeframe of one wave are stored.

    :param plans: how many of them may be executed.
    """

    close_time: datetime
    timeframe: Timeframe
    plans: int


@dataclass(frozen=True, slots=True)
class FillBooked:
    """An execution of the account is in ``fills``; funding is none.

    :param execution_id: the venue's id.
    :param executed_at: venue time, UTC.
    """

    instrument_id: InstrumentId
    execution_id: str
    executed_at: datetime


@dataclass(frozen=True, slots=True)
class QualityNoted:
    """Something was noticed about market data for the first time; it is in ``quality_events``."""

    event: QualityEvent


Event = BarClosed | WaveComputed | FillBooked | QualityNoted

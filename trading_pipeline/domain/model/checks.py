"""Soundness of one bar: the verdicts that the gate reads before an order."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe


class CheckName(StrEnum):
    """The questions asked of every bar."""

    NO_GAP = "no_gap"
    SOURCES_AGREE = "sources_agree"
    OHLC_SANE = "ohlc_sane"


@dataclass(frozen=True, slots=True)
class DataCheck:
    """The answer to one question about the bar of ``instrument_id`` and ``timeframe`` closing at ``close_time``.

    A gap is charged to the first bar after it and stays charged to the following bars for as long
    as the hole lies inside their indicator window.
    """

    instrument_id: InstrumentId
    timeframe: Timeframe
    close_time: datetime
    name: CheckName
    passed: bool
    detail: str


@dataclass(frozen=True, slots=True)
class FailedBars:
    """Stored bars of one instrument that fail one question for one reason, which names the bar to blame.

    :param first_close: closing instant (UTC) of the oldest of them, ``last_close`` of the newest.
    """

    instrument_id: InstrumentId
    name: CheckName
    detail: str
    bars: int
    first_close: datetime
    last_close: datetime

"""What is noticed about market data: facts for people and programs that never decide about a trade.

Whether a bar may be traded on is a verdict (``checks``). What is here is kept as a row, told on a stream, and shown;
the reasons are in docs/decisions/0078.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe


class QualityKind(StrEnum):
    """``OUTAGE``: the venue was asked twice and has lost the bars. ``BAR_DUPLICATE``: a source told a bar otherwise."""

    DATA_GAP = "data_gap"
    BACKFILL_DONE = "backfill_done"
    OUTAGE = "outage"
    WS_RECONNECT = "ws_reconnect"
    DATA_LAG = "data_lag"
    PRICE_JUMP = "price_jump"
    VOLUME_ANOMALY = "volume_anomaly"
    BAR_DUPLICATE = "bar_duplicate"
    BAR_MENDED = "bar_mended"
    MARKET_STATE = "market_state"
    BOOK_RESYNC = "book_resync"
    INSTRUMENT_CHANGED = "instrument_changed"


class Severity(StrEnum):
    """``IMPORTANT`` is worth a look, ``INFO`` is for the record."""

    INFO = "info"
    IMPORTANT = "important"


@dataclass(frozen=True, slots=True)
class QualityEvent:
    """One fact.

    :param at: venue time, UTC.
    :param close_time: of the bar it is about, of several the last, UTC; ``None`` where it is about none.
    :param detail: JSON-ready numbers and words.
    :param told_apart_by: what tells it from others of its kind about the same bar; empty where there is one.
    """

    kind: QualityKind
    severity: Severity
    at: datetime
    instrument_id: InstrumentId | None = None
    timeframe: Timeframe | None = None
    close_time: datetime | None = None
    detail: Mapping[str, object] = field(default_factory=dict)
    told_apart_by: str = ""

    @property
    def event_id(self) -> str:
        """The same for the same fact, however often it is noticed."""
        # By the bar where there is one: the same fact noticed a minute later is no other.
        when = self.close_time or self.at
        parts = (self.kind, self.instrument_id, self.timeframe, when.isoformat(), self.told_apart_by)
        return hashlib.sha256("|".join(str(part) for part in parts).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class QualityRules:
    """When something is noticed; a threshold of 0 never.

    :param max_lag: between a close and the run that computes it.
    :param price_jump: a close away from the one before it, a fraction.
    :param volume_spike: multiple of the median volume of the ``volume_window`` bars before.
    :param high_volatility: ATR over ``atr_period`` bars as a fraction of the close.
    :param news_windows: UTC times of day, the end excluded; one that ends before it begins passes midnight.
    """

    max_lag: timedelta = timedelta(seconds=180)
    price_jump: float = 0.08
    volume_spike: float = 10.0
    volume_window: int = 30
    high_volatility: float = 0.0
    atr_period: int = 14
    news_windows: tuple[tuple[time, time], ...] = ()

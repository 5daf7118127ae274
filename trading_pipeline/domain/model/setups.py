"""The structure behind a signal, of strategies that see one: what it was made of, and what confirmed it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.signals import Bias, Details
from trading_pipeline.domain.model.timeframes import Timeframe


@dataclass(frozen=True, slots=True)
class SetupPivot:
    """One extreme.

    :param segment: 1 to 3, oldest first.
    :param time: close of its bar; it is known two bars later.
    :param price: the extreme, quote currency.
    :param kind: ``LOW`` of a long, ``HIGH`` of a short.
    :param histogram: MACD histogram at its bar, quote currency.
    """

    pivot_id: str
    segment: int
    time: datetime
    price: Decimal
    kind: str
    histogram: float


@dataclass(frozen=True, slots=True)
class Setup:
    """Everything about one signal that the tables of setups, triggers and pivots hold.

    :param key: names the decision for systems that leave the strategy's name out.
    :param hits: confirmations in their fixed order.
    :param evidence: scores and the state of the trend, JSON-ready.
    """

    signal_id: str
    setup_id: str
    trigger_id: str
    key: str
    instrument_id: InstrumentId
    timeframe: Timeframe
    close_time: datetime
    bias: Bias
    setup_type: str
    hits: tuple[str, ...]
    min_confirmations: int
    evidence: Details
    pivots: tuple[SetupPivot, ...]

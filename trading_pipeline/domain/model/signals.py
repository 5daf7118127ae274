"""A signal: a strategy's view of one symbol at one bar close."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from trading_pipeline.domain.model.timeframes import Timeframe, to_ms

Details = dict[str, object]


class Bias(StrEnum):
    """Direction of a view."""

    LONG = "long"
    SHORT = "short"


def decision_key(strategy: str, symbol: str, timeframe: Timeframe, close_time: datetime, bias: Bias) -> str:
    """Lowercase hex SHA-256 that names one decision for ever.

    The closing time enters as the venue writes it: the last millisecond inside the bar.
    """
    text = f"{strategy}|{symbol}|{timeframe}|{to_ms(close_time) - 1}|{bias.upper()}"
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Signal:
    """A view taken at ``close_time`` from bars that had closed by then.

    :param signal_id: the ``decision_key``.
    :param strategy_version: hash of the strategy's name and parameters.
    :param score: 0 to 100; describes, never decides.
    :param details: what led to the signal, for people: JSON-ready.
    """

    signal_id: str
    strategy: str
    strategy_version: str
    symbol: str
    timeframe: Timeframe
    close_time: datetime
    bias: Bias
    entry_price: Decimal
    stop_price: Decimal
    score: Decimal
    details: Details = field(default_factory=dict)

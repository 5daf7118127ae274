"""A signal: what a strategy says of one instrument at one bar close, to enter a position or to leave one."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe, to_ms

Details = dict[str, object]

UNTRADED = "untraded"
"""Key of a signal's details that says, as a sentence, why no plan is made of it."""


class Bias(StrEnum):
    """Direction of a view."""

    LONG = "long"
    SHORT = "short"

    @property
    def opposite(self) -> "Bias":
        """The other direction."""
        return Bias.SHORT if self is Bias.LONG else Bias.LONG


class SignalKind(StrEnum):
    """What a signal is about: a position to open, or one to leave."""

    ENTRY = "entry"
    EXIT = "exit"


def decision_key(
    strategy: str,
    instrument_id: InstrumentId,
    timeframe: Timeframe,
    close_time: datetime,
    bias: Bias,
    kind: SignalKind = SignalKind.ENTRY,
) -> str:
    """Lowercase hex SHA-256 that names one decision for ever.

    The closing time enters as the venue writes it: the last millisecond inside the bar. An exit says what it
    is, because a strategy may leave a side and enter it at one close.
    """
    # Order and spelling of the parts are for ever: ids of plans and orders
    # follow from them, and a change would make every stored decision a new one.
    text = f"{strategy}|{instrument_id}|{timeframe}|{to_ms(close_time) - 1}|{bias.upper()}"
    if kind is SignalKind.EXIT:
        text += "|EXIT"
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Signal:
    """A view taken at ``close_time`` from bars that had closed by then.

    :param signal_id: the ``decision_key``.
    :param strategy_version: hash of the strategy's name and parameters.
    :param bias: of the position to open; of an exit, of the position that it closes.
    :param entry_price: close of the bar, quote currency.
    :param stop_price: quote currency; ``None`` of an exit, which has none. Of an entry it is what the strategy
        says, on the losing side or not.
    :param score: 0 to 100; describes, never decides. Exits are not scored: 0.
    :param details: what led to the signal, for people: JSON-ready.
    """

    signal_id: str
    strategy: str
    strategy_version: str
    instrument_id: InstrumentId
    timeframe: Timeframe
    close_time: datetime
    bias: Bias
    entry_price: Decimal
    stop_price: Decimal | None
    score: Decimal
    details: Details = field(default_factory=dict)
    kind: SignalKind = SignalKind.ENTRY

    @property
    def untraded(self) -> str:
        """Why it is not traded, as a sentence; empty where it may be."""
        return str(self.details.get(UNTRADED, ""))

    @property
    def entry_stop(self) -> Decimal:
        """The stop of an entry, quote currency.

        :raises DataError: it is an exit.
        """
        if self.stop_price is None:
            raise DataError(
                f"{self.instrument_id} {self.timeframe} {self.close_time.isoformat()}: an {self.kind} has no stop"
            )
        return self.stop_price

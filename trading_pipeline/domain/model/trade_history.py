"""What was traded, told so that a backtest can be held against it.

Numbers are float64, because the engine's are; nothing is traded by them.
"""

from dataclasses import dataclass
from datetime import datetime

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.model.timeframes import Timeframe


@dataclass(frozen=True, slots=True)
class TradeLeg:
    """One exit, or one entry as a whole.

    :param time: as exactly as the teller knows.
    :param bar_close: close of the bar in which it happened; at a close that close itself.
    :param price: quote currency; ``quantity`` in base currency.
    """

    time: datetime
    bar_close: datetime
    price: float
    quantity: float
    kind: str


@dataclass(frozen=True, slots=True)
class TradeRow:
    """One position as pipeline or engine tells it; UTC times, quote currency, base quantities.

    :param signalled_at: close of the bar that decided the entry; with strategy, timeframe and instrument its name.
    :param exit_reason: empty while the position is open.
    :param pnl: of what was closed so far, before fees and funding.
    :param fees: without funding; ``funding`` paid is positive.
    :param stop_price: the tightest of the entries' own stops.
    :param legs: exits in their order; ``entries`` likewise, at the closes that decided them, several with layers;
        levels of one entry when they filled.
    :param targets: where take profits were placed, nearest first; empty where the teller keeps none.
    """

    strategy: str
    timeframe: Timeframe
    instrument_id: InstrumentId
    signalled_at: datetime
    bias: Bias
    entry_price: float
    quantity: float
    stop_price: float
    exit_reason: str
    pnl: float
    fees: float
    funding: float
    legs: tuple[TradeLeg, ...]
    entries: tuple[TradeLeg, ...] = ()
    targets: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class SignalOutcome:
    """What became of one entry signal, in the engine's words for outcomes."""

    strategy: str
    instrument_id: InstrumentId
    timeframe: Timeframe
    close_time: datetime
    bias: Bias
    outcome: str


@dataclass(frozen=True, slots=True)
class FlatStart:
    """An instant at which the account held nothing, and what it was worth then, quote currency."""

    at: datetime
    equity: float

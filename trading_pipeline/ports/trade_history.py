"""What was traded, told so that a backtest can be held against it.

Numbers are float64, because the engine's are; nothing is traded by them.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.model.timeframes import Timeframe


@dataclass(frozen=True, slots=True)
class TradeLeg:
    """One exit.

    :param time: as exactly as the teller knows.
    :param bar_close: close of the bar in which it happened; at a close that close itself.
    """

    time: datetime
    bar_close: datetime
    price: float
    quantity: float
    kind: str


@dataclass(frozen=True, slots=True)
class TradeRow:
    """One position as pipeline or engine tells it; UTC times, quote currency, base quantities.

    :param signalled_at: close of the bar that decided the entry; with the symbol it names the trade.
    :param exit_reason: empty while the position is open.
    :param pnl: of what was closed so far, before fees and funding.
    :param fees: without funding; ``funding`` paid is positive.
    """

    symbol: str
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


@dataclass(frozen=True, slots=True)
class AccountTerms:
    """Under which terms the account traded, read from its own executions.

    :param equity: quote currency, at the first reading in the window.
    :param maker_fee_bps: ``None``, like ``taker_fee_bps``, where nothing was filled that way.
    :param funding: by symbol, payment times with the rate that longs paid shorts.
    :param alone: whether no other strategy or timeframe held a position in the window.
    """

    equity: float | None
    maker_fee_bps: float | None
    taker_fee_bps: float | None
    funding: Mapping[str, Sequence[tuple[datetime, float]]]
    alone: bool


class TradeHistory(ABC):
    """Positions and fills of the past. Windows are of closing instants, ``start`` excluded, ``end`` included."""

    @abstractmethod
    def trades(self, strategy: str, timeframe: Timeframe, start: datetime, end: datetime) -> list[TradeRow]:
        """Positions entered by plans of bars that closed in the window, by deciding bar and symbol."""

    @abstractmethod
    def terms(self, strategy: str, timeframe: Timeframe, start: datetime, end: datetime) -> AccountTerms:
        """Terms of the account in the window."""

    @abstractmethod
    def live_span(self, timeframe: Timeframe) -> tuple[datetime, datetime] | None:
        """First and newest closing instant whose wave was computed live; ``None`` without any."""

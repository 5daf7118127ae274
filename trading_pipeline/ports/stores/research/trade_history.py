"""What was traded, told so that a backtest can be held against it.

Numbers are float64, because the engine's are; nothing is traded by them.
"""

from abc import ABC, abstractmethod
from datetime import datetime

from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.model.trade_history import FlatStart, SignalOutcome, TradeRow


class TradeHistory(ABC):
    """Positions and fills of the past. Windows are of closing instants, ``start`` excluded, ``end`` included."""

    @abstractmethod
    def trades(self, strategy: str, timeframe: Timeframe, start: datetime, end: datetime) -> list[TradeRow]:
        """Positions entered by plans of bars that closed in the window, by deciding bar and instrument."""

    @abstractmethod
    def signal_outcomes(
        self, strategy: str, timeframe: Timeframe, start: datetime, end: datetime
    ) -> list[SignalOutcome]:
        """What became of every entry signal of the window."""

    @abstractmethod
    def flat_start(self, since: datetime) -> FlatStart | None:
        """The first reading of the account (quote currency) since then at which nothing was held, or ``None``."""

    @abstractmethod
    def live_span(self, timeframe: Timeframe) -> tuple[datetime, datetime] | None:
        """First and newest closing instant (UTC) whose wave was computed live; ``None`` without any."""

"""Which stretch of what was traded can be held against a backtest."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.stores.research.trade_history import TradeHistory


@dataclass(frozen=True, slots=True)
class ParitySpan:
    """A stretch of time (UTC) at whose start the account held nothing.

    :param equity: at the start, quote currency.
    """

    start: datetime
    end: datetime
    equity: float


def parity_span(history: TradeHistory, finest: Timeframe, longest: timedelta) -> ParitySpan | None:
    """The newest ``longest`` that was traded live, from the first moment at which nothing was held.

    :param finest: the shortest timeframe that is traded.
    :returns: ``None`` where no wave was computed since the account held nothing.
    """
    live = history.live_span(finest)
    if live is None:
        return None
    first, newest = live
    # The engine begins without positions. A span that begins in the middle of a trade would differ by that trade.
    begin = history.flat_start(max(first - finest.duration, newest - longest))
    if begin is None or finest.floor(begin.at) >= newest:
        return None
    return ParitySpan(finest.floor(begin.at), newest, begin.equity)

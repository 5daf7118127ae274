"""Somebody asks how much a market moves."""

from datetime import UTC, datetime

from trading_pipeline.domain.indicators.daily_volatility import DailyVolatility, daily_volatility
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import EPOCH, Timeframe
from trading_pipeline.ports.stores.market_data.bar_store import BarStore

_LATER_THAN_ANY = datetime(9999, 1, 1, tzinfo=UTC)


def volatility_of(bars: BarStore, instrument_id: InstrumentId, days: int) -> DailyVolatility:
    """By its newest daily bars, whatever time they are of.

    :raises DataError: fewer than seven are stored.
    """
    stored = bars.frame([instrument_id], Timeframe.D1, EPOCH, _LATER_THAN_ANY).tail(days)
    high, low, close = (stored[name].to_numpy(float) for name in ("high", "low", "close"))
    return daily_volatility(high, low, close)

"""The indicator snapshot: one row of named indicator values per bar, as it is stored.

Column names are stable; new indicators add columns at the end.
"""

import numpy as np
import pandas as pd

from trading_pipeline.domain.indicators.momentum import macd, rsi
from trading_pipeline.domain.indicators.moving_averages import ema
from trading_pipeline.domain.indicators.volatility import atr
from trading_pipeline.domain.indicators.volume import obv

SNAPSHOT_WARMUP = 1_700
"""Bars to put before the first row that is kept.

Ten times the slowest recursion (EMA 169), so that a row depends on its own last 1,700 bars and not on
where the array happens to start.
"""

_EMA_PERIODS = (12, 26, 144, 169)


def snapshot(bars: pd.DataFrame) -> pd.DataFrame:
    """Indicators of one symbol and timeframe, one float64 column each, indexed like ``bars``.

    NaN where an indicator is not warmed up. Prices in quote currency, RSI 0 to 100, OBV in base
    currency over the last 100 bars.
    """
    high, low, close = (bars[name].to_numpy(np.float64) for name in ("high", "low", "close"))
    volume = bars["volume"].to_numpy(np.float64)
    line, signal, histogram = macd(close, 12, 26, 9)
    columns = {f"ema_{period}": ema(close, period) for period in _EMA_PERIODS}
    columns |= {
        "rsi_14": rsi(close, 14),
        "macd": line,
        "macd_signal": signal,
        "macd_histogram": histogram,
        "atr_14": atr(high, low, close, 14),
        "obv_100": obv(close, volume, 100),
    }
    return pd.DataFrame(columns, index=bars.index)

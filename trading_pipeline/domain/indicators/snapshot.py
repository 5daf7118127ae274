"""The indicator snapshot: one row of named indicator values per bar, as it is stored.

Column names are stable; new indicators add columns at the end.
"""

import numpy as np
import pandas as pd

from trading_pipeline.domain.indicators.bands import bollinger, donchian, keltner
from trading_pipeline.domain.indicators.momentum import adx, macd, rsi, stochastic
from trading_pipeline.domain.indicators.moving_averages import ema, sma
from trading_pipeline.domain.indicators.pivots import last_pivot_price, pivot_highs, pivot_lows
from trading_pipeline.domain.indicators.volatility import atr, atr_simple
from trading_pipeline.domain.indicators.volume import obv
from trading_pipeline.domain.indicators.vwap import rolling_vwap_bands, typical_price

SNAPSHOT_WARMUP = 1_700
"""Bars to put before the first row that is kept.

Ten times the slowest recursion (EMA 169), so that a row depends on its own last 1,700 bars and not on
where the array happens to start.
"""

# 12 and 26 are MACD's averages; 144 and 169 are the Vegas tunnel, the trend filter of the divergence.
_EMA_PERIODS = (12, 26, 144, 169)


def snapshot(bars: pd.DataFrame) -> pd.DataFrame:
    """The columns of ``snapshot_columns`` as a frame that is indexed like ``bars``."""
    return pd.DataFrame(snapshot_columns(bars), index=bars.index)


def snapshot_columns(bars: pd.DataFrame) -> dict[str, np.ndarray]:
    """Indicators of one instrument and timeframe by name, float64, a value per bar.

    NaN where an indicator is not warmed up or has no value. Prices in quote currency, RSI, stochastic
    and ADX 0 to 100, OBV in base currency over the last 100 bars, VWAP over the last 20 bars with its
    bands one deviation away, pivots as the price of the newest one known at the close.
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
    columns |= _bands(high, low, close, volume)
    columns["stochastic_k_14"], columns["stochastic_d_3"] = stochastic(high, low, close, 14, 3)
    columns["adx_14"] = adx(high, low, close, 14)
    columns["sma_200"] = sma(close, 200)
    columns["pivot_high"] = last_pivot_price(high, pivot_highs(high))
    columns["pivot_low"] = last_pivot_price(low, pivot_lows(low))
    columns["atr_simple_14"] = atr_simple(high, low, close, 14)
    return columns


def _bands(high: np.ndarray, low: np.ndarray, close: np.ndarray, volume: np.ndarray) -> dict[str, np.ndarray]:
    """The columns that come as bands."""
    upper, middle, lower = bollinger(close, 20, 2.0)
    columns = {"bollinger_upper_20": upper, "bollinger_middle_20": middle, "bollinger_lower_20": lower}
    upper, _, lower = keltner((high, low, close), 20, 20, 1.5)
    columns |= {"keltner_upper_20": upper, "keltner_lower_20": lower}
    upper, lower = donchian(high, low, 20)
    columns |= {"donchian_upper_20": upper, "donchian_lower_20": lower}
    bands = rolling_vwap_bands(typical_price(high, low, close), close, volume, 20)
    upper, lower = bands.at(1.0)
    return columns | {"vwap_20": bands.vwap, "vwap_upper_20": upper, "vwap_lower_20": lower}

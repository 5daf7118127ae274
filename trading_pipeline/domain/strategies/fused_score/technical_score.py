"""A technical score of 0 to 100 per bar, and what it is made of."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from trading_pipeline.domain.indicators.bands import band_position, bollinger
from trading_pipeline.domain.indicators.momentum import macd, rsi, stochastic
from trading_pipeline.domain.indicators.moving_averages import ema, sma
from trading_pipeline.domain.indicators.ties import beyond
from trading_pipeline.domain.indicators.volatility import atr
from trading_pipeline.domain.strategies.framework.arrays import BarArrays, Flags

Floats = npt.NDArray[np.float64]

FEATURES = (
    *("close", "ema_20", "ema_50", "sma_200", "rsi_14", "macd", "macd_signal", "macd_histogram", "atr_14"),
    *("bb_upper", "bb_middle", "bb_lower", "bb_position", "stochastic_k", "stochastic_d", "trend_strength"),
)
"""Columns of ``features``."""


def features(bars: BarArrays) -> pd.DataFrame:
    """Indicators of one timeframe, one row per bar; NaN until each is warmed up.

    ``trend_strength`` is the distance of EMA 20 from EMA 50 in percent, ``bb_position`` 0 at the lower
    band to 1 at the upper.
    """
    high, low, close = bars.high, bars.low, bars.close
    line, signal, histogram = macd(close, 12, 26, 9)
    bands = bollinger(close, 20, 2.0)
    fast, slow = ema(close, 20), ema(close, 50)
    k, d = stochastic(high, low, close, 14, 3)
    return pd.DataFrame(
        {
            "close": close,
            "ema_20": fast,
            "ema_50": slow,
            "sma_200": sma(close, 200),
            "rsi_14": rsi(close, 14),
            "macd": line,
            "macd_signal": signal,
            "macd_histogram": histogram,
            "atr_14": atr(high, low, close, 14),
            "bb_upper": bands[0],
            "bb_middle": bands[1],
            "bb_lower": bands[2],
            "bb_position": band_position(close, bands),
            "stochastic_k": k,
            "stochastic_d": d,
            "trend_strength": (fast - slow) / slow * 100,
        }
    )


def technical_score(values: pd.DataFrame) -> Floats:
    """0 to 100 per row of ``features``; NaN where an input is not warmed up.

    From 50: EMA 20 above EMA 50 +10, else -5; MACD above its signal +10, else -5; RSI 55 to 70 +10,
    above 70 +5, below 45 -10; EMA 20 above the middle Bollinger band +5.
    """
    strength = values["rsi_14"].to_numpy()
    levels = [beyond(strength, 70.0, 100.0) > 0, beyond(strength, 55.0, 100.0) >= 0, beyond(strength, 45.0, 100.0) < 0]
    trend = np.where(_above(values, "ema_20", "ema_50"), 10.0, -5.0)
    momentum = np.where(_above(values, "macd", "macd_signal"), 10.0, -5.0)
    level = np.select(levels, [5.0, 10.0, -10.0], default=0.0)
    place = np.where(_above(values, "ema_20", "bb_middle"), 5.0, 0.0)
    score: Floats = np.clip(50 + trend + momentum + level + place, 0, 100)
    needed = values[["ema_20", "ema_50", "macd", "macd_signal", "rsi_14", "bb_middle"]]
    # Comparisons with NaN are false and would score as if the trend were down.
    score[needed.isna().any(axis=1).to_numpy()] = np.nan
    return score


def _above(values: pd.DataFrame, left: str, right: str) -> Flags:
    """Where one feature in the unit of the price lies above another."""
    one, other, price = (values[name].to_numpy() for name in (left, right, "bb_middle"))
    return beyond(one, other, price) > 0


def trend_alignment(averages: Sequence[tuple[Floats, Floats]]) -> Floats:
    """Mean of +1 where EMA 20 is above EMA 50 and -1 where it is not, over the timeframes where both are known.

    :param averages: EMA 20 and EMA 50 of each timeframe, at least one; NaN is unknown.
    :returns: per bar; NaN where no timeframe is known.
    """
    fast, slow = np.stack([one for one, _ in averages]), np.stack([other for _, other in averages])
    known = ~(np.isnan(fast) | np.isnan(slow))
    total = np.where(known, np.where(beyond(fast, slow, slow) > 0, 1.0, -1.0), 0.0).sum(axis=0)
    count = known.sum(axis=0)
    mean: Floats = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return mean

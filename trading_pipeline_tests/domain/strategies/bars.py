"""Bars for tests of strategies and indicators."""

import numpy as np
import pandas as pd

from trading_pipeline.domain.model.bars import BAR_COLUMNS
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline_tests.domain.indicators.ticks import Ticks

_PRICES = ("open", "high", "low", "close")


def bars_from(columns: dict[str, list[float]], timeframe: str = "1h", start: str = "2024-01-01") -> pd.DataFrame:
    """A frame of bars from lists of prices; volume 1 unless given."""
    frame = pd.DataFrame(columns, dtype=np.float64)
    frame["open_time"] = pd.date_range(start, periods=len(frame), freq=Timeframe(timeframe).duration, tz="UTC")
    frame["close_time"] = frame["open_time"] + Timeframe(timeframe).duration
    frame["instrument_id"] = "BTCUSDT"
    if "volume" not in columns:
        frame["volume"] = 1.0
    frame["turnover"] = frame["close"] * frame["volume"]
    return frame[list(BAR_COLUMNS)]


def bars_closing(closes: list[float], timeframe: str = "1h") -> pd.DataFrame:
    """Bars that open at the previous close and have no wicks."""
    opens = [closes[0], *closes[:-1]]
    highs = [max(pair) for pair in zip(opens, closes, strict=True)]
    lows = [min(pair) for pair in zip(opens, closes, strict=True)]
    return bars_from({"open": opens, "high": highs, "low": lows, "close": closes}, timeframe)


def random_bars(count: int, seed: int = 1, timeframe: str = "15m", volatility: float = 0.01) -> pd.DataFrame:
    """A random walk with wicks and varying volume, reproducible from its seed."""
    draw = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(draw.normal(0, volatility, count)))
    open_ = np.r_[100.0, close[:-1]]
    wick = np.abs(draw.normal(0, volatility / 2, (2, count)))
    return bars_from(
        {
            "open": list(open_),
            "high": list(np.maximum(open_, close) * (1 + wick[0])),
            "low": list(np.minimum(open_, close) * (1 - wick[1])),
            "close": list(close),
            "volume": list(draw.integers(1, 1000, count).astype(float)),
        },
        timeframe,
    )


def bars_in_ticks(walk: Ticks, power: int = 0, timeframe: str = "1h") -> pd.DataFrame:
    """Bars whose tick is ten to ``power`` units of the price, as they are read from decimal text."""
    columns = {name: [float(f"{tick}e{power}") for tick in getattr(walk, name)] for name in _PRICES}
    return bars_from(columns | {"volume": [float(volume) for volume in walk.volume]}, timeframe)

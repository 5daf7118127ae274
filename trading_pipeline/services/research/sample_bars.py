"""Bars that nobody recorded: a reproducible random walk, to ask a strategy questions about."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd

from trading_pipeline.domain.model.bars import BAR_COLUMNS
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe, to_ms

_START = datetime(2024, 1, 1, tzinfo=UTC)


def sample_bars(instrument_id: InstrumentId, timeframe: Timeframe, count: int, seed: int = 7) -> pd.DataFrame:
    """``count`` bars with ``BAR_COLUMNS`` and no gap; volatility comes and goes so that rules find trends and rests."""
    random = np.random.default_rng(seed)
    # About half a percent a bar, between 0.08 % and 0.88 %, in waves of some 940 bars.
    swings = 0.004 * (1.2 + np.sin(np.arange(count) / 150.0))
    close = 30_000.0 * np.exp(np.cumsum(random.normal(0.0, 1.0, count) * swings))
    opened = np.concatenate([[30_000.0], close[:-1]])
    high = np.maximum(opened, close) * (1.0 + random.uniform(0.0, 0.5, count) * swings)
    low = np.minimum(opened, close) * (1.0 - random.uniform(0.0, 0.5, count) * swings)
    volume = random.lognormal(3.0, 0.7, count)
    opens = (
        pd.DatetimeIndex((to_ms(_START) + np.arange(count) * timeframe.ms).astype("datetime64[ms]"))
        .as_unit("us")
        .tz_localize("UTC")
    )
    columns = {
        "instrument_id": pd.Series(np.full(count, instrument_id, dtype=object), dtype="str"),
        "open_time": opens,
        "close_time": opens + timeframe.duration,
        "open": opened,
        "high": high,
        "low": low,
        "close": close,
        "volume": volume,
        "turnover": close * volume,
    }
    return pd.DataFrame(columns, columns=list(BAR_COLUMNS))

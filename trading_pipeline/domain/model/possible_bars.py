"""Bars that could have been: what a venue or a file may say and no market can have done."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from trading_pipeline.domain.model.bars import OHLCV


def possible(rows: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Which bars could have been: high and low contain the others, prices are positive, volume is not negative.

    :param rows: columns ``open high low close`` in quote currency and ``volume`` in base currency.
    :returns: one verdict per row, shape ``(n,)``.
    """
    opened, high, low, close, volume = (rows[name].to_numpy(np.float64) for name in OHLCV)
    # Comparisons with NaN are false, so a bar without a number is impossible too.
    sane = (high >= np.maximum(opened, close)) & (low <= np.minimum(opened, close)) & (low > 0) & (volume >= 0)
    whole: npt.NDArray[np.bool_] = sane & np.isfinite(high) & np.isfinite(volume)
    return whole

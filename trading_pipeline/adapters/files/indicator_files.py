"""Indicator values as CSV."""

from pathlib import Path

import numpy as np
import pandas as pd

from trading_pipeline.domain.model.errors import ConfigurationError


def write_indicators(path: Path, bars: pd.DataFrame, values: pd.DataFrame) -> None:
    """One row per bar: ``open_time_ms`` and a column per indicator, empty where it has no value.

    :param bars: frame with ``BAR_COLUMNS``; ``values`` is indexed like it.
    :raises ConfigurationError: the place cannot be written to.
    """
    opens = bars["open_time"].astype("datetime64[ms, UTC]").to_numpy("datetime64[ms]").astype(np.int64)
    table = values.replace([np.inf, -np.inf], np.nan)
    table.insert(0, "open_time_ms", opens)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(path, index=False)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror or error}") from error

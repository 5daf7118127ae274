"""Funding rates in CSV files, plain or gzipped, with the columns ``funding_time_ms,funding_rate``."""

import zlib
from pathlib import Path

import numpy as np
import pandas as pd

from trading_pipeline.domain.backtest.translate import Funding
from trading_pipeline.domain.model.errors import ConfigurationError, DataError

_COLUMNS = ("funding_time_ms", "funding_rate")


def read_funding_file(path: Path) -> Funding:
    """The funding events of one symbol; a rate is a fraction of notional.

    :raises ConfigurationError: the file cannot be read.
    :raises DataError: a column is missing, a value is no number, or times do not ascend.
    """
    try:
        rows = pd.read_csv(path)
        times, rates = (rows[name].to_numpy(np.float64) for name in _COLUMNS)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror or error}") from error
    except (KeyError, ValueError, EOFError, zlib.error) as error:
        raise DataError(f"{path} is no CSV with the columns {','.join(_COLUMNS)}: {error}") from error
    bad = ~np.isfinite(times) | ~np.isfinite(rates) | (np.diff(times, prepend=-np.inf) <= 0)
    if bad.any():
        at = int(np.argmax(bad))
        raise DataError(f"{path}: row {at + 1} ({times[at]:.0f}, {rates[at]}): needs a rate and a later time")
    return Funding(times.astype(np.int64), rates)

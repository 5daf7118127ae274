"""Funding rates in CSV files, plain or packed, with the columns ``funding_time_ms,funding_rate``."""

from pathlib import Path

import numpy as np

from trading_pipeline.adapters.files.csv_files import read_csv_file
from trading_pipeline.domain.backtest.translate import Funding
from trading_pipeline.domain.model.bar_frames import number_columns
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.file_times import check_milliseconds

HIGHEST_RATE = 0.04
"""The venue's cap, which the simulated exchange and ``costs.yaml`` know too."""
_COLUMNS = ("funding_time_ms", "funding_rate")


def read_funding_file(path: Path) -> Funding:
    """The funding events of one instrument; a rate is a fraction of notional.

    :raises ConfigurationError: the file cannot be read.
    :raises DataError: it holds no table of events, a value is no number, a rate is beyond the venue's cap,
        or times are in another unit or do not ascend.
    """
    times, rates = number_columns(read_csv_file(path, _COLUMNS), _COLUMNS, str(path)).values()
    if not len(times):
        raise DataError(f"{path}: holds no funding")
    finite = np.isfinite(times) & np.isfinite(rates)
    # A missing number is named as such below; here it would only look like a time in no unit.
    if finite.all():
        check_milliseconds(times, "funding_time_ms", str(path))
    bad = ~finite | (np.diff(times, prepend=-np.inf) <= 0)
    if bad.any():
        at = int(np.argmax(bad))
        raise DataError(f"{path}: row {at + 1} ({times[at]:.0f}, {rates[at]}): needs a rate and a later time")
    beyond = np.abs(rates) > HIGHEST_RATE
    if beyond.any():
        at = int(np.argmax(beyond))
        raise DataError(f"{path}: row {at + 1}: funding_rate {rates[at]} is beyond {HIGHEST_RATE}; write shares, not %")
    return Funding(times.astype(np.int64), rates)

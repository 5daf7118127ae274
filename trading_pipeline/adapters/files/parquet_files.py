"""Bars as a folder of Parquet files, one a year, in the layout that Hive, DuckDB and pandas read as one table.

``FOLDER/instrument_id=BTCUSDT.BYBIT/timeframe=1h/year=2025/bars.parquet``; the names of the folders are columns.
"""

from pathlib import Path

import pandas as pd

from trading_pipeline.domain.model.bars import BAR_COLUMNS
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe

_FILE = "bars.parquet"


def write_bar_files(folder: Path, bars: pd.DataFrame, instrument_id: InstrumentId, timeframe: Timeframe) -> list[Path]:
    """Write the bars of one instrument, replacing the years that they are of.

    :param bars: frame with ``BAR_COLUMNS``; times are written as UTC to the microsecond, numbers as float64.
    :returns: the files, oldest first.
    :raises ConfigurationError: the place cannot be written to.
    """
    written = []
    columns = [name for name in BAR_COLUMNS if name != "instrument_id"]
    for year, rows in bars.groupby(bars["open_time"].dt.year, sort=True):
        place = folder / f"instrument_id={instrument_id}" / f"timeframe={timeframe}" / f"year={year}" / _FILE
        unfinished = place.with_suffix(".part")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            rows[columns].to_parquet(unfinished, index=False, compression="zstd")
            # Whoever reads meanwhile reads the old file or the new one.
            unfinished.replace(place)
        except OSError as error:
            raise ConfigurationError(f"{place} cannot be written: {error.strerror or error}") from error
        written.append(place)
    return written

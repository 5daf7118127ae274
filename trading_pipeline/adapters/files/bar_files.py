"""Bars in CSV files, plain or packed, with the columns ``open_time_ms,open,high,low,close,volume``.

A file may be finer than what is asked for: coarser bars are made of it, and the rows of a coarse bar
of which others are missing are left out and counted.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from trading_pipeline.adapters.files.csv_files import read_csv_file
from trading_pipeline.domain.model.bar_frames import FILE_COLUMNS, check_bars, resample, rows_left_out, timeframe_of
from trading_pipeline.domain.model.bars import BAR_COLUMNS, OHLCV
from trading_pipeline.domain.model.errors import ConfigurationError, DataError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe, from_ms


@dataclass(frozen=True, slots=True)
class ReadBars:
    """Bars that were read.

    :param frame: with ``BAR_COLUMNS``.
    :param note: how many rows of the source are in none of them, as a sentence; empty when there are none.
    :param finest: the bars they were made of, where those are finer.
    """

    frame: pd.DataFrame
    note: str = ""
    finest: pd.DataFrame | None = None


def read_bar_file(
    path: Path, instrument_id: InstrumentId, timeframe: Timeframe, *, allow_zero_volume: bool = False
) -> ReadBars:
    """The bars of one instrument; ``turnover`` is close x volume, as files have none.

    :param allow_zero_volume: take bars in which nothing was traded, as in files of mark prices.
    :raises ConfigurationError: no such file, or its bars are too coarse.
    :raises DataError: a file that holds no table of bars, or a row that no decision may be taken from; the
        message names file, row and problem.
    """
    rows = read_csv_file(path, FILE_COLUMNS)
    check_bars(rows, str(path))
    base, note, finest = timeframe_of(rows, timeframe, str(path)), "", None
    if base != timeframe:
        if base.ms > timeframe.ms:
            raise ConfigurationError(f"{path} has {base} bars: {timeframe} bars cannot be made of them; ask for {base}")
        # The finer bars are kept: a backtest walks its prices along them.
        note, finest = _left_out(rows, base, timeframe, str(path)), _frame(rows, instrument_id, base)
        rows = resample(rows, base, timeframe)
        if not len(rows):
            raise DataError(f"{path}: no {timeframe} bar has all of its {base} bars; give a longer file")
    # After the resampling: a quiet minute is no fault, a quiet bar of the asked length is a price nobody paid.
    if not allow_zero_volume:
        refuse_zero_volume(rows["volume"], rows["open_time_ms"].to_numpy(np.int64), str(path))
    return ReadBars(_frame(rows, instrument_id, timeframe), note, finest)


def file_timeframe(path: Path) -> Timeframe:
    """What the rows of a file are bars of; a single row is taken for a bar of a day.

    :raises ConfigurationError: no such file.
    :raises DataError: a file that holds no table of bars.
    """
    rows = read_csv_file(path, FILE_COLUMNS)
    check_bars(rows, str(path))
    return timeframe_of(rows, Timeframe.D1, str(path))


def _left_out(rows: pd.DataFrame, base: Timeframe, target: Timeframe, origin: str) -> str:
    """How many rows stand in no bar of the asked timeframe."""
    count = rows_left_out(rows["open_time_ms"].to_numpy(np.int64), base, target)
    if not count:
        return ""
    return f"{origin}: {count} of {len(rows)} {base} bars are left out, as others of their {target} bars are missing"


def refuse_zero_volume(volume: "pd.Series[float]", open_ms: np.ndarray, origin: str) -> None:
    """A bar without volume (base currency) says a price at which nobody traded.

    :param open_ms: open times of the bars, UTC milliseconds.
    :raises DataError: names the first such bar and how many there are.
    """
    empty = np.flatnonzero(volume.to_numpy() == 0)
    if len(empty):
        first = from_ms(int(open_ms[empty[0]])).isoformat()
        raise DataError(
            f"{origin}: volume is 0 in {len(empty)} of {len(volume)} bars, first in bar {empty[0] + 1} ({first}); "
            "repair the bars, or pass --allow-zero-volume if nothing was traded there"
        )


def _frame(rows: pd.DataFrame, instrument_id: InstrumentId, timeframe: Timeframe) -> pd.DataFrame:
    """The rows as bars travel."""
    opens = rows["open_time_ms"].to_numpy(np.int64).astype("datetime64[ms]")
    prices = {name: rows[name].to_numpy(np.float64) for name in OHLCV}
    columns = {
        "instrument_id": pd.Series(np.full(len(rows), instrument_id, dtype=object), dtype="str"),
        # Microseconds, as the database gives them: frames of both sources have to be joined.
        "open_time": pd.DatetimeIndex(opens).as_unit("us").tz_localize("UTC"),
        "close_time": pd.DatetimeIndex(opens + np.timedelta64(timeframe.ms, "ms")).as_unit("us").tz_localize("UTC"),
        **prices,
        "turnover": prices["close"] * prices["volume"],
    }
    return pd.DataFrame(columns, columns=list(BAR_COLUMNS))

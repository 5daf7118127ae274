"""Bars in CSV files, plain or gzipped, with the columns ``open_time_ms,open,high,low,close,volume``.

A file may be finer than what is asked for: coarser bars are made of it, and a coarse bar of which a
fine one is missing is left out.
"""

import zlib
from pathlib import Path

import numpy as np
import pandas as pd

from trading_pipeline.domain.model.bar_frames import FILE_COLUMNS, check_bars, resample
from trading_pipeline.domain.model.bars import BAR_COLUMNS, OHLCV
from trading_pipeline.domain.model.errors import ConfigurationError, DataError
from trading_pipeline.domain.model.timeframes import Timeframe, from_ms


def read_bar_file(path: Path, symbol: str, timeframe: Timeframe, *, allow_zero_volume: bool = False) -> pd.DataFrame:
    """The bars of one symbol with ``BAR_COLUMNS``; ``turnover`` is close x volume, as files have none.

    :param allow_zero_volume: take bars in which nothing was traded, as in files of mark prices.
    :raises ConfigurationError: no such file, or its bars are too coarse.
    :raises DataError: a row that no decision may be taken from; the message names file, row and problem.
    """
    rows = _rows(path)
    check_bars(rows, str(path))
    base = _timeframe_of(rows, str(path), timeframe)
    if base != timeframe:
        if base.ms > timeframe.ms:
            raise ConfigurationError(f"{path} has {base} bars: {timeframe} bars cannot be made of them; ask for {base}")
        rows = resample(rows, base, timeframe)
        if not len(rows):
            raise DataError(f"{path}: no {timeframe} bar has all of its {base} bars; give a longer file")
    if not allow_zero_volume:
        refuse_zero_volume(rows["volume"], rows["open_time_ms"].to_numpy(np.int64), str(path))
    return _frame(rows, symbol, timeframe)


def refuse_zero_volume(volume: "pd.Series[float]", open_ms: np.ndarray, origin: str) -> None:
    """A bar without volume says a price at which nobody traded.

    :raises DataError: names the first such bar and how many there are.
    """
    empty = np.flatnonzero(volume.to_numpy() == 0)
    if len(empty):
        first = from_ms(int(open_ms[empty[0]])).isoformat()
        raise DataError(
            f"{origin}: volume is 0 in {len(empty)} of {len(volume)} bars, first in bar {empty[0] + 1} ({first}); "
            "repair the bars, or pass --allow-zero-volume if nothing was traded there"
        )


def _rows(path: Path) -> pd.DataFrame:
    """The file as it is."""
    try:
        return pd.read_csv(path)
    except FileNotFoundError:
        raise ConfigurationError(f"{path}: no such file; give a CSV or CSV.gz with {','.join(FILE_COLUMNS)}") from None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror or error}") from error
    except (EOFError, UnicodeDecodeError, zlib.error, pd.errors.EmptyDataError, pd.errors.ParserError) as error:
        cause = " ".join(str(error).split())
        raise DataError(f"{path} is no CSV with the columns {','.join(FILE_COLUMNS)}: {cause}") from error


def _timeframe_of(rows: pd.DataFrame, origin: str, asked: Timeframe) -> Timeframe:
    """The timeframe that the rows are bars of: their smallest step, on which all of them have to lie."""
    times = rows["open_time_ms"].to_numpy(np.float64)
    if len(times) < 2:
        return asked
    step = float(np.diff(times).min())
    known = {float(timeframe.ms): timeframe for timeframe in Timeframe}
    if step not in known:
        at = int(np.argmin(np.diff(times))) + 2
        labels = ", ".join(timeframe.value for timeframe in Timeframe)
        raise DataError(f"{origin}: row {at} opens {step / 1000:g} s after the row above; bars of {labels} are read")
    off = times % step != 0
    if off.any():
        at = int(np.argmax(off))
        opens = from_ms(int(times[at])).isoformat()
        raise DataError(
            f"{origin}: row {at + 1} opens at {opens}, where no {known[step]} bar opens; repair or remove the row"
        )
    return known[step]


def _frame(rows: pd.DataFrame, symbol: str, timeframe: Timeframe) -> pd.DataFrame:
    """The rows as bars travel."""
    opens = rows["open_time_ms"].to_numpy(np.int64).astype("datetime64[ms]")
    prices = {name: rows[name].to_numpy(np.float64) for name in OHLCV}
    columns = {
        "symbol": pd.Series(np.full(len(rows), symbol, dtype=object), dtype="str"),
        "open_time": pd.DatetimeIndex(opens).as_unit("us").tz_localize("UTC"),
        "close_time": pd.DatetimeIndex(opens + np.timedelta64(timeframe.ms, "ms")).as_unit("us").tz_localize("UTC"),
        **prices,
        "turnover": prices["close"] * prices["volume"],
    }
    return pd.DataFrame(columns, columns=list(BAR_COLUMNS))

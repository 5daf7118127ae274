"""Bars in files, of whatever form ``domain/model/recognised_bars`` reads.

A file may be finer than what is asked for: coarser bars are made of it, and the rows of a coarse bar
of which others are missing are left out and counted.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from trading_pipeline.domain.model.archives import MOST_BYTES
from trading_pipeline.domain.model.bar_frames import FILE_COLUMNS, resample, rows_left_out
from trading_pipeline.domain.model.bars import BAR_COLUMNS, OHLCV
from trading_pipeline.domain.model.errors import ConfigurationError, DataError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.recognised_bars import RecognisedBars, recognised_bars
from trading_pipeline.domain.model.timeframes import Timeframe, from_ms


@dataclass(frozen=True, slots=True)
class ReadBars:
    """Bars that were read.

    :param frame: with ``BAR_COLUMNS``.
    :param note: what was recognised where the source is not of our own form, and how many of its rows are in none of
        the bars; empty when there is nothing to say.
    :param finest: the bars they were made of, where those are finer.
    """

    frame: pd.DataFrame
    note: str = ""
    finest: pd.DataFrame | None = None


def read_bar_file(
    path: Path, instrument_id: InstrumentId, timeframe: Timeframe, *, allow_zero_volume: bool = False
) -> ReadBars:
    """The bars of one instrument; ``turnover`` is close x volume where the file has none.

    :param allow_zero_volume: take bars in which nothing was traded, as in files of mark prices.
    :raises ConfigurationError: no such file, or its bars are too coarse.
    :raises DataError: a file that holds no table of bars, or a row that no decision may be taken from; the
        message names file, row and problem.
    """
    found = recognised_file(path, timeframe)
    rows, base, finest = found.frame, found.timeframe, None
    notes = [] if found.ours else [f"{path}: {'; '.join(found.described())}"]
    if base != timeframe:
        if base.ms > timeframe.ms:
            raise ConfigurationError(f"{path} has {base} bars: {timeframe} bars cannot be made of them; ask for {base}")
        # The finer bars are kept: a backtest walks its prices along them.
        notes += _left_out(rows, base, timeframe, str(path))
        finest = bar_frame(rows, instrument_id, base)
        rows = resample(rows, base, timeframe)
        if not len(rows):
            raise DataError(f"{path}: no {timeframe} bar has all of its {base} bars; give a longer file")
    # After the resampling: a quiet minute is no fault, a quiet bar of the asked length is a price nobody paid.
    if not allow_zero_volume:
        refuse_zero_volume(rows["volume"], rows["open_time_ms"].to_numpy(np.int64), str(path))
    return ReadBars(bar_frame(rows, instrument_id, timeframe), "\n".join(notes), finest)


def recognised_file(path: Path, expected: Timeframe = Timeframe.D1) -> RecognisedBars:
    """What is in a file of bars.

    :param expected: what a single row is a bar of, where the name does not say it.
    :raises ConfigurationError: it cannot be read.
    :raises DataError: it is too large, or its bars are not sound; the message names file, row and problem.
    """
    try:
        # Looked at before it is in memory.
        if path.stat().st_size > MOST_BYTES:
            raise DataError(f"{path}: has more than {MOST_BYTES:,} bytes; cut it into smaller files")
        content = path.read_bytes()
    except FileNotFoundError:
        raise ConfigurationError(f"{path}: no such file; give a file of bars with {','.join(FILE_COLUMNS)}") from None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror or error}") from error
    return recognised_bars(content, str(path), expected)


def file_timeframe(path: Path) -> Timeframe:
    """What the rows of a file are bars of; a single row is taken for a bar of a day.

    :raises ConfigurationError: no such file.
    :raises DataError: a file that holds no table of bars.
    """
    return recognised_file(path).timeframe


def _left_out(rows: pd.DataFrame, base: Timeframe, target: Timeframe, origin: str) -> list[str]:
    """How many rows stand in no bar of the asked timeframe."""
    count = rows_left_out(rows["open_time_ms"].to_numpy(np.int64), base, target)
    if not count:
        return []
    return [f"{origin}: {count} of {len(rows)} {base} bars are left out, as others of their {target} bars are missing"]


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


def bar_frame(rows: pd.DataFrame, instrument_id: InstrumentId, timeframe: Timeframe) -> pd.DataFrame:
    """Rows with ``FILE_COLUMNS`` as bars travel, with ``BAR_COLUMNS``."""
    opens = rows["open_time_ms"].to_numpy(np.int64).astype("datetime64[ms]")
    prices = {name: rows[name].to_numpy(np.float64) for name in OHLCV}
    columns = {
        "instrument_id": pd.Series(np.full(len(rows), instrument_id, dtype=object), dtype="str"),
        # Microseconds, as the database gives them: frames of both sources have to be joined.
        "open_time": pd.DatetimeIndex(opens).as_unit("us").tz_localize("UTC"),
        "close_time": pd.DatetimeIndex(opens + np.timedelta64(timeframe.ms, "ms")).as_unit("us").tz_localize("UTC"),
        **prices,
        "turnover": rows["turnover"].to_numpy(np.float64) if "turnover" in rows else prices["close"] * prices["volume"],
    }
    return pd.DataFrame(columns, columns=list(BAR_COLUMNS))

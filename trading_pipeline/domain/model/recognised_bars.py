"""Bars in a file as people have it: what was recognised in it, and the bars in our columns.

Everything that reads bars from files reads them here: backtests, imports and the exchange simulator.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from trading_pipeline.domain.model.archives import MOST_BYTES
from trading_pipeline.domain.model.bar_columns import columns_by_name, columns_by_place
from trading_pipeline.domain.model.bar_file_names import FileName, file_name_parts, spelled
from trading_pipeline.domain.model.bar_frames import FILE_COLUMNS, check_bars, number_columns, timeframe_of
from trading_pipeline.domain.model.bars import OHLCV
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.recognised_times import milliseconds_of
from trading_pipeline.domain.model.table_files import FileTable, file_table
from trading_pipeline.domain.model.timeframes import Timeframe, from_ms

_TIME = "%Y-%m-%dT%H:%MZ"
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class RecognisedBars:
    """Sound bars of one instrument.

    :param frame: with ``FILE_COLUMNS``, ascending, and ``turnover`` (quote currency) where the file has it.
    :param timeframe: what the rows are bars of, by their times.
    :param symbol: as the file or its name says, empty where neither does.
    :param form: how the file is written; ``unit`` how its times are.
    :param columns: the file's name of each of our columns.
    :param reversed_rows: whether the file has the newest row first.
    """

    frame: pd.DataFrame
    timeframe: Timeframe
    symbol: str
    form: str
    unit: str
    columns: dict[str, str]
    reversed_rows: bool

    @property
    def ours(self) -> bool:
        """Whether the file is written as this project writes bars itself."""
        return all(self.columns.get(name) == name for name in FILE_COLUMNS) and not self.reversed_rows

    def holes(self) -> list[tuple[int, int]]:
        """Place of the bar before each hole, and how many bars are missing behind it."""
        steps = np.diff(self.frame["open_time_ms"].to_numpy(np.int64)) // self.timeframe.ms
        return [(int(place), int(steps[place]) - 1) for place in np.flatnonzero(steps > 1)]

    def described(self) -> list[str]:
        """What was recognised, in lines for people."""
        opens = self.frame["open_time_ms"].to_numpy(np.int64)
        taken = ", ".join(f"{ours} from {theirs!r}" for ours, theirs in self.columns.items() if ours != theirs)
        holes = self.holes()
        shown = [f"{missing} after {from_ms(int(opens[place])):{_TIME}}" for place, missing in holes[:_SHOWN]]
        more = f" and {len(holes) - _SHOWN} more" if len(holes) > _SHOWN else ""
        return [
            f"format: {self.form}" + ("; newest row first, turned round" if self.reversed_rows else ""),
            f"columns: {taken or 'as ours'}" + ("" if "turnover" in self.columns else "; turnover is close x volume"),
            f"times: {self.unit}",
            f"bars: {self.symbol or 'no symbol told'}, {self.timeframe}, {len(opens)}"
            f" from {from_ms(int(opens[0])):{_TIME}} to {from_ms(int(opens[-1]) + self.timeframe.ms):{_TIME}}",
            f"missing: {', '.join(shown) + more if holes else 'none'}",
        ]


def recognised_bars(
    content: bytes, origin: str, expected: Timeframe = Timeframe.D1, most_bytes: int = MOST_BYTES
) -> RecognisedBars:
    """Read a file of bars, whoever wrote it.

    :param origin: the file's name, whose endings say what it is; the rest may name symbol and timeframe.
    :param expected: what a single row is a bar of, where the name does not say it.
    :raises DataError: it holds no table of bars, bars of several instruments, or a row that no decision may be taken
        from; the message names file, row and problem.
    """
    name = file_name_parts(origin.replace("\\", "/").rpartition("/")[2])
    table = file_table(content, origin, most_bytes)
    if not len(table.frame):
        raise DataError(f"{origin}: holds no bars")
    columns = _columns(table, name.symbol, origin)
    symbol, length = _symbol_and_length(table.frame, columns, name, origin)
    times, unit = milliseconds_of(table.frame[columns["open_time_ms"]], columns["open_time_ms"], origin)
    given = [ours for ours in (*OHLCV, "turnover") if ours in columns]
    frame = pd.DataFrame({"open_time_ms": times, **{ours: table.frame[columns[ours]] for ours in given}})
    # two rows prove no order
    backwards = len(times) > 2 and bool((np.diff(times) < 0).all())
    if backwards:
        frame = frame.iloc[::-1].reset_index(drop=True)
    where = f"{origin} (newest first, rows counted from its end)" if backwards else origin
    check_bars(frame, where)
    # One row has no distance to a next one, so its length can only be told by the name.
    single = Timeframe(length) if length in set(Timeframe) else expected
    timeframe = timeframe_of(frame, single, where)
    if (frame["open_time_ms"] % 1 == 0).all():
        frame["open_time_ms"] = frame["open_time_ms"].astype(np.int64)
    frame = frame.astype(dict.fromkeys(OHLCV, np.float64))
    if "turnover" in columns:
        frame["turnover"] = _turnover(frame, where)
    return RecognisedBars(frame, timeframe, symbol, table.form, unit, columns, backwards)


def _turnover(frame: pd.DataFrame, origin: str) -> NDArray[np.float64]:
    """Quote currency; every bar needs one.

    :raises DataError: one is no number or negative.
    """
    values = number_columns(frame, ("turnover",), origin)["turnover"]
    bad = ~(np.isfinite(values) & (values >= 0))
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError(f"{origin}: row {row + 1}: turnover {values[row]} is no amount; repair or remove the row")
    return values


def _columns(table: FileTable, symbol: str, origin: str) -> dict[str, str]:
    """The file's name of each of our columns."""
    names = [str(name) for name in table.frame.columns]
    if not table.named:
        return {ours: names[place] for ours, place in columns_by_place(len(names), origin).items()}
    return columns_by_name(names, _column_symbol(table.frame) or symbol, origin)


def _column_symbol(frame: pd.DataFrame) -> str:
    """The symbol of the first row, as it decides which volume is which."""
    found = [name for name in frame.columns if str(name).strip().lower() == "symbol"]
    return _joined(frame[found[0]].iloc[0]) if found else ""


def _symbol_and_length(frame: pd.DataFrame, columns: dict[str, str], name: FileName, origin: str) -> tuple[str, str]:
    """Symbol and timeframe as columns and name say, the columns first.

    :raises DataError: there are several, or column and name disagree.
    """
    found = []
    for what, read, by_name in (("symbol", _joined, name.symbol), ("interval", spelled, name.timeframe)):
        values = {read(str(value)) for value in frame[columns[what]].unique()} if what in columns else set()
        if len(values) > 1:
            shown = ", ".join(sorted(values)[:3])
            raise DataError(f"{origin}: holds bars of several {what}s ({shown}); write one file for each")
        in_column = values.pop() if values else ""
        if what == "symbol" and in_column and by_name and in_column != by_name:
            raise DataError(f"{origin}: its rows are of {in_column}, its name says {by_name}; rename the file")
        found.append(in_column or by_name)
    return found[0], found[1]


def _joined(symbol: object) -> str:
    """``BTC/USDT`` and ``BTC/USDT:USDT`` are ``BTCUSDT``."""
    return str(symbol).partition(":")[0].replace("/", "").replace("-", "").removesuffix(".P").upper()

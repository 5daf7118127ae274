"""Recorded bars from files: which file serves a symbol, and what is in it."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from trading_pipeline.domain.model.archives import TABLES
from trading_pipeline.domain.model.bar_file_names import file_name_parts
from trading_pipeline.domain.model.bar_frames import FILE_COLUMNS
from trading_pipeline.domain.model.errors import ConfigurationError, DataError
from trading_pipeline.domain.model.recognised_bars import recognised_bars
from trading_pipeline.domain.model.timeframes import Timeframe, from_ms, to_ms
from trading_pipeline.exchange_simulator.bars import BarSeries, series_from_floats

_NAME = re.compile(
    r"(?:(?P<venue>[a-z]+(?:_[a-z]+)*)_)?(?P<symbol>[A-Z0-9]+)_(?P<timeframe>\d+[mhdwM])(?:_(?P<label>\w+))?"
    r"(?:\.csv(?:\.(?:gz|bz2|xz|zip))?|\.zip)"
)
_PACKED = (".gz", ".bz2", ".xz", ".zip")
_OF_NO_TRADES = re.compile(r"[-_](mark|index|premium\w*|funding\w*)\b")
_READ = frozenset(timeframe.value for timeframe in Timeframe)
_SHOWN = 3
# Without a start a demonstration has a month to run and everything before it as history.
_LONGEST_DEFAULT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Recording:
    """One file of bars, not read yet.

    :param foreign: of another venue than the simulated one.
    """

    path: Path
    timeframe: Timeframe
    foreign: bool = False


def load(folder: Path, symbols: tuple[str, ...], start: datetime | None) -> tuple[dict[str, BarSeries], datetime]:
    """The bars of every symbol, and the instant to start at.

    Of the files of a symbol the venue's own come first, then the finest, then the largest; the first
    that covers the start is taken. Without a start it is thirty days before the end of what all
    symbols have, or the middle of it if that is later.

    :raises ConfigurationError: no folder, no file for a symbol, or none that covers the start.
    :raises DataError: a file is unreadable or holds a bad row.
    """
    if not folder.is_dir():
        raise ConfigurationError(f"bars folder {folder} does not exist")
    recordings = {symbol: _recordings(folder, symbol) for symbol in symbols}
    instant = start or _default_start(recordings)
    chosen = {symbol: _choose(symbol, found, to_ms(instant)) for symbol, found in recordings.items()}
    return chosen, instant


def _recordings(folder: Path, symbol: str) -> list[Recording]:
    """Files of the symbol in order of preference; mark prices and timeframes that are not read are left aside."""
    found = [recording for path in folder.iterdir() if (recording := _recording(path, symbol))]
    if not found:
        raise ConfigurationError(
            f"no bars of {symbol} in {folder}{_seen(folder, symbol)}; expected a file such as "
            f"bybit_linear_{symbol}_5m_2025.csv.gz, of one of {' '.join(Timeframe)} and not of mark prices"
        )
    # The path comes last, so that equal files are chosen alike on every machine.
    return sorted(found, key=lambda one: (one.foreign, one.timeframe.ms, -one.path.stat().st_size, one.path))


def _recording(path: Path, symbol: str) -> Recording | None:
    """The file as a recording of the symbol, where its name says that it is one."""
    match, told = _NAME.fullmatch(path.name), file_name_parts(path.name)
    named, timeframe = (match["symbol"], match["timeframe"]) if match else (told.symbol, told.timeframe)
    readable = path.name.lower().endswith((*TABLES, *_PACKED)) and not _OF_NO_TRADES.search(path.name)
    if named != symbol or timeframe not in _READ or not readable:
        return None
    # Another venue's prices are better than none, but never than the venue's own.
    return Recording(path, Timeframe(timeframe), match is None or match["venue"] not in (None, "bybit_linear"))


def load_reference(folder: Path, symbol: str, kind: str) -> BarSeries | None:
    """The finest recorded bars of the symbol's ``mark`` or ``index`` price at the venue; ``None`` without a file.

    :raises DataError: the file is unreadable or holds a bad row.
    """
    found = [
        Recording(path, Timeframe(match["timeframe"]))
        for path in sorted(folder.iterdir())
        if (match := _NAME.fullmatch(path.name))
        and (match["symbol"], match["venue"] or "bybit_linear") == (symbol, "bybit_linear")
        and re.search(rf"_{kind}\b", path.name)
        and match["timeframe"] in _READ
    ]
    return read(min(found, key=lambda one: (one.timeframe.ms, one.path))) if found else None


def _seen(folder: Path, symbol: str) -> str:
    """The files that have the symbol in their names, as part of a sentence."""
    names = sorted(path.name for path in folder.iterdir() if symbol in path.name)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f" among {', '.join(names[:_SHOWN])}{more}" if names else ""


def read(recording: Recording) -> BarSeries:
    """The bars of one file.

    :raises DataError: unreadable, no table of bars, a bad row, bars of another timeframe than the file's name
        says, or a number that the exchange cannot hold.
    """
    origin, timeframe = str(recording.path), recording.timeframe
    try:
        content = recording.path.read_bytes()
    except OSError as error:
        raise DataError(f"{origin} cannot be read: {error.strerror or error}") from None
    bars = recognised_bars(content, origin, timeframe)
    if bars.timeframe != timeframe:
        raise DataError(f"{origin}: holds {bars.timeframe} bars, the name says {timeframe}; rename the file")
    frame = bars.frame
    columns = {name: frame[name].to_numpy(np.float64) for name in FILE_COLUMNS[1:]}
    return series_from_floats(timeframe.ms, frame["open_time_ms"].to_numpy(np.int64), columns, origin)


def _default_start(recordings: dict[str, list[Recording]]) -> datetime:
    """See ``load``."""
    latest = [_latest(found) for found in recordings.values()]
    first = max(series.first_ms for series in latest)
    end = min(series.end_ms for series in latest)
    if end <= first:
        raise ConfigurationError("the recordings of the symbols have no common period; name one with --start")
    middle = max(first + (end - first) // 2, end - _LONGEST_DEFAULT // timedelta(milliseconds=1))
    day = Timeframe.D1.floor(from_ms(middle))
    return day if to_ms(day) > first else Timeframe.H1.floor(from_ms(middle))


def _latest(found: list[Recording]) -> BarSeries:
    """The recording that ends last."""
    return max((read(recording) for recording in found), key=lambda series: series.end_ms)


def _choose(symbol: str, found: list[Recording], start_ms: int) -> BarSeries:
    """The first recording with a closed bar before the start and one to walk after it."""
    spans = []
    for recording in found:
        series = read(recording)
        # A bar before the start, because the last price has to come from somewhere.
        if series.first_ms + series.step_ms <= start_ms < series.end_ms:
            return series
        spans.append(f"{recording.path.name} {from_ms(series.first_ms):%Y-%m-%d} to {from_ms(series.end_ms):%Y-%m-%d}")
    raise ConfigurationError(
        f"start {from_ms(start_ms).isoformat()} is outside the bars of {symbol}: {'; '.join(spans)}"
    )

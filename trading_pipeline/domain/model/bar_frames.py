"""Bars as they come in files: what makes a frame of them sound, and how coarser bars are made of it.

Such a frame has the columns of ``FILE_COLUMNS``: ``open_time_ms`` integer milliseconds UTC,
ascending; prices in quote currency and ``volume`` in base currency, all float64.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trading_pipeline.domain.model.bars import BAR_COLUMNS, OHLCV
from trading_pipeline.domain.model.errors import ConfigurationError, DataError
from trading_pipeline.domain.model.file_times import check_milliseconds
from trading_pipeline.domain.model.timeframes import Timeframe, from_ms

if TYPE_CHECKING:
    # Frames come from the caller; importing pandas here would cost processes without frames 50 MB.
    import pandas as pd

FILE_COLUMNS = ("open_time_ms", *OHLCV)
_PRICES = ("open", "high", "low", "close")
# Characters of a value that a message quotes.
_SHOWN = 40


def check_bars(frame: "pd.DataFrame", origin: str) -> None:
    """Refuse a frame that no decision may be taken from. Gaps are allowed: markets have them.

    :param origin: name of the file or table, for the message.
    :raises DataError: names the first bad row (1 is the first bar) and its problem.
    """
    columns = number_columns(frame, FILE_COLUMNS, origin)
    if not len(frame):
        raise DataError(f"{origin}: holds no bars")
    # Before everything else: comparisons with NaN are false, so a missing number would pass every later question.
    _refuse_first(
        columns, [(~np.isfinite(values), f"{name} is not a number") for name, values in columns.items()], origin
    )
    check_milliseconds(columns["open_time_ms"], "open_time_ms", origin)
    _refuse_first(columns, _problems(columns), origin)


def number_columns(frame: "pd.DataFrame", names: tuple[str, ...], origin: str) -> dict[str, NDArray[np.float64]]:
    """Columns as float64; milliseconds stay exact up to the year 287396.

    :raises DataError: a column is missing, or holds something that is no number.
    """
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise DataError(f"{origin}: column {missing[0]!r} is missing; expected {', '.join(names)}")
    columns = {}
    for name in names:
        _refuse_words(frame[name], name, origin)
        columns[name] = frame[name].to_numpy(dtype=np.float64)
    return columns


def _refuse_words(column: "pd.Series", name: str, origin: str) -> None:
    """Refuse what stands for no number, although Python would make one of it: ``true``, ``1_000``, a list.

    :raises DataError: names the first row (1 is the first) and what it holds.
    """
    if column.dtype.kind in "iuf":
        return
    # Here and not above: whoever hands in a frame has paid for it.
    import pandas as pd

    truths = column.map(lambda value: isinstance(value, bool | np.bool_ | list | dict)).to_numpy(bool)
    numbers = pd.to_numeric(column.mask(truths), errors="coerce")
    bad = truths | (numbers.isna() & column.notna()).to_numpy(bool)
    if bad.any():
        row = int(np.argmax(bad))
        value = str(column.iloc[row])[:_SHOWN]
        raise DataError(f"{origin}: row {row + 1}: {name} {value!r} is no number; repair or remove the row")


def _refuse_first(
    columns: dict[str, NDArray[np.float64]], problems: list[tuple[NDArray[np.bool_], str]], origin: str
) -> None:
    """Refuse the first row of the first problem that some row has."""
    for bad, problem in problems:
        if bad.any():
            row = int(np.argmax(bad))
            values = ", ".join(f"{name}={column[row]:.15g}" for name, column in columns.items())
            raise DataError(f"{origin}: row {row + 1}: {problem} ({values}); repair or remove the row")


def _problems(columns: dict[str, NDArray[np.float64]]) -> list[tuple[NDArray[np.bool_], str]]:
    """Masks of bad rows, all of finite numbers, with what is wrong with them, most basic problem first."""
    times, high, low = columns["open_time_ms"], columns["high"], columns["low"]
    # The first row has none before it; a step of 1 lets it pass both questions about order.
    steps = np.diff(times, prepend=times[0] - 1)
    # Most basic first: a row out of order makes every later complaint about it misleading.
    return [
        (steps == 0, "open time repeats the row before"),
        (steps < 0, "open time is before the row above"),
        *((columns[name] <= 0, f"{name} is not positive") for name in _PRICES),
        (high < low, "high is below low"),
        ((high < columns["open"]) | (high < columns["close"]), "high is below open or close"),
        ((low > columns["open"]) | (low > columns["close"]), "low is above open or close"),
        (columns["volume"] < 0, "volume is negative"),
    ]


def timeframe_of(frame: "pd.DataFrame", expected: Timeframe, origin: str) -> Timeframe:
    """The timeframe that the rows of a sound frame are bars of: their smallest step, on which all of them have to lie.

    :param expected: what a single row is a bar of, as it has no step.
    :raises DataError: the step is no timeframe's, or a row lies beside it.
    """
    # float64, as half a millisecond has to be seen
    times = frame["open_time_ms"].to_numpy(np.float64)
    found = _smallest_step(times, origin) if len(times) > 1 else expected
    beside = times % found.ms != 0
    if beside.any():
        at = int(np.argmax(beside))
        opens = from_ms(int(times[at])).isoformat()
        raise DataError(
            f"{origin}: row {at + 1} opens at {opens}, where no {found} bar opens; repair or remove the row"
        )
    return found


def _smallest_step(open_ms: NDArray[np.float64], origin: str) -> Timeframe:
    """The timeframe whose length in milliseconds is the smallest step between two rows; holes make longer steps."""
    steps = np.diff(open_ms)
    at = int(np.argmin(steps))
    for timeframe in Timeframe:
        if timeframe.ms == steps[at]:
            return timeframe
    labels = ", ".join(timeframe.value for timeframe in Timeframe)
    raise DataError(
        f"{origin}: row {at + 2} opens {steps[at] / 1000:g} s after the row above; bars of {labels} are read"
    )


def complete_buckets(open_ms: NDArray[np.int64], base_ms: int, target_ms: int) -> NDArray[np.int64]:
    """Positions of the first base bar of every target bar of which no base bar is missing.

    :param open_ms: ascending open times of the base bars, shape ``(n,)``.
    :returns: ascending positions, shape ``(m,)``; each starts ``target_ms // base_ms`` base bars.
    :param base_ms: length of a base bar in milliseconds; ``target_ms`` likewise, a multiple of it.
    """
    width = target_ms // base_ms
    starts = np.flatnonzero(open_ms % target_ms == 0)
    # The last target bar may still be forming: its last base bars do not exist yet.
    starts = starts[starts + width <= len(open_ms)]
    # Open times ascend strictly, so the last of `width` rows stands where it belongs only if none between is missing.
    whole: NDArray[np.int64] = starts[open_ms[starts + width - 1] - open_ms[starts] == target_ms - base_ms]
    return whole


def rows_left_out(open_ms: NDArray[np.int64], base: Timeframe, target: Timeframe) -> int:
    """How many base bars stand in no target bar, because others of it are missing.

    :param open_ms: ascending open times of the base bars, shape ``(n,)``.
    """
    return len(open_ms) - len(complete_buckets(open_ms, base.ms, target.ms)) * (target.ms // base.ms)


def resample(frame: "pd.DataFrame", base: Timeframe, target: Timeframe) -> "pd.DataFrame":
    """Coarser bars of a sound frame with ``FILE_COLUMNS``, and its ``turnover`` where it has one.

    A bar of which a base bar is missing is left out.

    :raises ConfigurationError: ``target`` is not a multiple of ``base``.
    """
    rows = _parts(frame["open_time_ms"].to_numpy(np.int64), base, target)
    return _merged(frame[[name for name in (*FILE_COLUMNS, "turnover") if name in frame]], rows)


def coarser_bars(bars: "pd.DataFrame", base: Timeframe, target: Timeframe) -> "pd.DataFrame":
    """The same for bars as they travel, with ``BAR_COLUMNS`` or the most of them; other columns are left out.

    :raises ConfigurationError: ``target`` is not a multiple of ``base``.
    """
    opens = bars["open_time"].astype("datetime64[ms, UTC]").to_numpy("datetime64[ms]").astype(np.int64)
    rows = _parts(opens, base, target)
    merged = _merged(bars[[name for name in BAR_COLUMNS if name in bars]], rows)
    return merged.assign(close_time=merged["open_time"] + target.duration)


def _parts(open_ms: NDArray[np.int64], base: Timeframe, target: Timeframe) -> NDArray[np.int64]:
    """Positions of the base bars of every complete target bar, shape ``(m, target / base)``."""
    if target.ms % base.ms:
        raise ConfigurationError(f"cannot make {target} bars of {base} bars; {target} is not a multiple of {base}")
    return complete_buckets(open_ms, base.ms, target.ms)[:, None] + np.arange(target.ms // base.ms)


def _merged(frame: "pd.DataFrame", rows: NDArray[np.int64]) -> "pd.DataFrame":
    """One row per group of rows: the first one's, with the prices and volumes of the group."""
    # Not every file has a turnover.
    sums = [name for name in ("volume", "turnover") if name in frame]
    return (
        frame.iloc[rows[:, 0]]
        .reset_index(drop=True)
        .assign(
            high=frame["high"].to_numpy()[rows].max(axis=1),
            low=frame["low"].to_numpy()[rows].min(axis=1),
            close=frame["close"].to_numpy()[rows[:, -1]],
            **{name: frame[name].to_numpy()[rows].sum(axis=1) for name in sums},
        )
    )

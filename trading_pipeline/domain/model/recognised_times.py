"""Open times of rows in whatever way they are written, as milliseconds since 1970 UTC."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_datetime64_any_dtype, is_integer_dtype

from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.file_times import check_unit, unit_of

_PER_MS = {"milliseconds": 1, "microseconds": 1_000, "nanoseconds": 1_000_000}
_SUFFIXES = {"_ms": "milliseconds", "_us": "microseconds", "_ns": "nanoseconds", "_s": "seconds"}
_ZONED = r"[T ]\d.*(?:Z|[+-]\d\d(?::?\d\d)?)$"
_TEXT = "ISO 8601, UTC where no offset is written"


def milliseconds_of(column: "pd.Series", name: str, origin: str) -> tuple[NDArray[np.float64], str]:
    """Times in milliseconds, and how they were written, for people.

    All rows have to be in one unit: a file that changes it lost it somewhere. A name that ends in a unit is held to it.

    :raises DataError: names the first row (1 is the first) that is no time, or of another unit than the rows above.
    """
    if is_datetime64_any_dtype(column):
        return _instants(column, name, origin), "instants"
    # numbers that were written as text, as venues do
    numbers = pd.to_numeric(column, errors="coerce")
    if numbers.isna().any():
        if not numbers.isna().all():
            row = int(numbers.isna().to_numpy().argmax())
            raise DataError(f"{origin}: row {row + 1}: {name} {column.iloc[row]!r} is no number as in other rows")
        return _instants(_read(column, name, origin), name, origin), _TEXT
    times = numbers.to_numpy(np.float64)
    suffix = next((unit for ending, unit in _SUFFIXES.items() if name.lower().endswith(ending)), "")
    unit = suffix or unit_of(times, name, origin)
    check_unit(times, unit, name, origin)
    if unit == "seconds":
        return times * 1000, unit
    factor = _PER_MS[unit]
    # whole numbers stay whole: nanoseconds are beyond what float64 counts
    exact = numbers.to_numpy(np.int64) if is_integer_dtype(numbers) else times
    whole = exact // factor
    return np.where(exact % factor == 0, whole, times / factor).astype(np.float64), unit


def _read(column: "pd.Series", name: str, origin: str) -> "pd.Series":
    """Text as instants. Days before months or after them cannot be told apart, so that only ISO 8601 is read."""
    # MetaTrader, and Bybit's files for it, write 2025.01.31 00:00.
    text = column.astype(str).str.strip().str.replace(r"^(\d{4})\.(\d\d)\.", r"\1-\2-", regex=True)
    zoned = text.str.contains(_ZONED, regex=True).to_numpy(bool)
    if zoned.any() and not zoned.all():
        row = int((zoned != zoned[0]).argmax())
        raise DataError(
            f"{origin}: row {row + 1}: {name} {column.iloc[row]!r} has {'an' if zoned[row] else 'no'} offset from UTC, "
            "unlike the rows above; write every time with one, or none"
        )
    read = pd.to_datetime(text, format="ISO8601", utc=True, errors="coerce")
    if read.isna().any():
        row = int(read.isna().to_numpy().argmax())
        raise DataError(
            f"{origin}: row {row + 1}: {name} {column.iloc[row]!r} is no time; write it like 2025-01-31T00:00:00Z"
        )
    return read


def _instants(column: "pd.Series", name: str, origin: str) -> NDArray[np.float64]:
    if column.isna().any():
        raise DataError(f"{origin}: row {int(column.isna().to_numpy().argmax()) + 1}: {name} is missing")
    utc = column.dt.tz_convert("UTC").dt.tz_localize(None) if column.dt.tz is not None else column
    microseconds = utc.to_numpy("datetime64[us]").astype(np.int64)
    return microseconds / 1000

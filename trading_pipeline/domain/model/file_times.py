"""Times in files: milliseconds since 1970 UTC, and what they seem to be where they are not.

Seconds, milliseconds, microseconds and nanoseconds of the years 1980 to 2100 are ranges of numbers that
never meet, so a number says in which unit it is written. A column that is called ``*_ms`` is held to its name, and
a file that changes its unit is refused, not converted: it lost it somewhere.
"""

from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.timeframes import to_ms

# 1980 and not the year of the first coin: shares and futures are backtested too.
FIRST_YEAR, END_YEAR = 1980, 2100
_FIRST_MS, _END_MS = (to_ms(datetime(year, 1, 1, tzinfo=UTC)) for year in (FIRST_YEAR, END_YEAR))
# A unit is known by its position here.
_PER_MS = {"milliseconds": 1.0, "seconds": 1e-3, "microseconds": 1e3, "nanoseconds": 1e6}
_UNITS = tuple(_PER_MS)
_MILLISECONDS, _NONE = 0, len(_UNITS)


def check_milliseconds(times: NDArray[np.float64], column: str, origin: str) -> None:
    """Refuse times that are not milliseconds (UTC, since 1970) of the years 1980 to 2100.

    :param times: numbers as they stand in the file, shape ``(n,)``, all finite.
    :param column: their name, for the message.
    :raises DataError: names the first row (1 is the first) of another unit, or of none.
    """
    check_unit(times, "milliseconds", column, origin)


def unit_of(times: NDArray[np.float64], column: str, origin: str) -> str:
    """The unit that the first of some times (shape ``(n,)``, all finite) is written in, such as ``milliseconds``.

    :raises DataError: it is no time from 1980 to 2100 in any unit.
    """
    unit = int(_units(times[:1])[0]) if len(times) else _MILLISECONDS
    if unit == _NONE:
        value = f"{origin}: row 1: {column} {times[0]:.16g}"
        raise DataError(f"{value} is no time from {FIRST_YEAR} to {END_YEAR} in any unit; give milliseconds")
    return _UNITS[unit]


def check_unit(times: NDArray[np.float64], unit: str, column: str, origin: str) -> None:
    """Refuse times that are not all in one unit, of the years 1980 to 2100; see ``check_milliseconds``.

    :param unit: such as ``milliseconds``.
    """
    units, asked = _units(times), _UNITS.index(unit)
    wrong = np.flatnonzero(units != asked)
    if not len(wrong):
        return
    row = int(wrong[0])
    value = f"{origin}: row {row + 1}: {column} {times[row]:.16g}"
    if units[row] == _NONE:
        raise DataError(f"{value} is no time from {FIRST_YEAR} to {END_YEAR} in any unit; give {unit}")
    raise DataError(f"{value} is in {_UNITS[units[row]]}{_change(units, row, unit)}; write every time in {unit}")


def _units(times: NDArray[np.float64]) -> NDArray[np.int64]:
    """Which unit each time is in, by its position."""
    units = np.full(len(times), _NONE)
    for place, factor in enumerate(_PER_MS.values()):
        units[(times >= _FIRST_MS * factor) & (times < _END_MS * factor)] = place
    return units


def _change(units: NDArray[np.int64], row: int, unit: str) -> str:
    """Where the unit is another one, seen from the first wrong row; empty when there is one unit only."""
    if row:
        return f", the rows above are in {unit}"
    others = np.flatnonzero(units != units[0])
    if not len(others) or units[others[0]] == _NONE:
        return ""
    return f", from row {others[0] + 1} on they are in {_UNITS[units[others[0]]]}"

"""Typed reading of the venue's JSON, in which numbers and times are text."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation

from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.timeframes import from_ms

Row = Mapping[str, object]
"""One JSON object."""


def text(row: Row, name: str) -> str:
    """A field as text; missing and null read as empty, as the venue writes both for "none"."""
    value = row.get(name)
    return "" if value is None else str(value)


def decimal(row: Row, name: str) -> Decimal:
    """A field that has to be a finite number.

    :raises DataError: it is missing or is no number.
    """
    return as_decimal(row.get(name), name)


def as_decimal(value: object, name: str) -> Decimal:
    """A value that has to be a finite number.

    :raises DataError: it is not.
    """
    try:
        # By its text: a float of JSON would bring digits that the venue did not send.
        number = Decimal(str(value))
    except InvalidOperation:
        raise DataError(f"bybit sent {name}={value!r} where a number belongs") from None
    if not number.is_finite():
        raise DataError(f"bybit sent {name}={value!r} where a finite number belongs")
    return number


def above_zero(row: Row, name: str) -> Decimal:
    """A step or a bound that nothing can be counted with at 0.

    :raises DataError: it is missing, no number, or not above zero.
    """
    number = decimal(row, name)
    if number <= 0:
        raise DataError(f"bybit sent {name}={number} where a number above zero belongs")
    return number


def positive_or_none(row: Row, name: str) -> Decimal | None:
    """A price (quote currency) that may be absent, which the venue writes as ``""``, ``"0"`` or ``"0.00"``."""
    if not text(row, name):
        return None
    number = decimal(row, name)
    return number if number > 0 else None


def instant(row: Row, name: str) -> datetime:
    """A field holding milliseconds since the epoch.

    :raises DataError: it does not.
    """
    return as_instant(row.get(name), name)


def as_instant(value: object, name: str) -> datetime:
    """Milliseconds since the epoch, as a number or as text.

    :raises DataError: the value is neither.
    """
    try:
        return from_ms(int(str(value)))
    except (ValueError, OverflowError):
        raise DataError(f"bybit sent {name}={value!r} where milliseconds belong") from None


def inner(row: Row, name: str) -> Row:
    """A nested object.

    :raises DataError: there is none.
    """
    return as_row(row.get(name), name)


def as_row(value: object, name: str) -> Row:
    """A value that has to be an object.

    :raises DataError: it is not.
    """
    if not isinstance(value, dict):
        raise DataError(f"bybit sent {name}={value!r} where an object belongs")
    return value


def rows(row: Row, name: str) -> list[Row]:
    """A nested list of objects.

    :raises DataError: there is none.
    """
    return [as_row(entry, name) for entry in entries(row, name)]


def entries(row: Row, name: str) -> list[object]:
    """A nested list.

    :raises DataError: there is none.
    """
    value = row.get(name)
    if not isinstance(value, list):
        raise DataError(f"bybit sent {name}={value!r} where a list belongs")
    return value


def plain(number: Decimal) -> str:
    """A number as the venue accepts it: no exponent, no trailing zeros."""
    # normalize() alone writes 100 as 1E+2.
    return format(number.normalize(), "f")

"""Candles as charts draw them, and longer ones made of shorter ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from trading_pipeline.domain.model.errors import ConfigurationError

_DAY_S = 86_400
_WEEK_S = 7 * _DAY_S
_MONDAY_S = 4 * _DAY_S
"""1970-01-05, the first Monday."""
_LETTERS = {"D": _DAY_S, "W": _WEEK_S}


@dataclass(frozen=True, slots=True)
class Candle:
    """One candle.

    :param time: seconds since 1970, UTC, when it opens.
    """

    time: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


def seconds_of(interval: str) -> int:
    """Length of an interval as venues spell it: minutes, ``D`` or ``W``.

    :raises ConfigurationError: it is none of these.
    """
    if interval in _LETTERS:
        return _LETTERS[interval]
    if not (interval.isascii() and interval.isdigit() and 0 < int(interval[:6]) <= 1440 and len(interval) <= 4):
        raise ConfigurationError(f"unknown interval {interval[:20]!r}; write minutes such as 15, D or W")
    return int(interval) * 60


def bucket_of(time: int, length_s: int) -> int:
    """When the candle that contains an instant opens; weeks begin on Monday (ISO 8601)."""
    offset = _MONDAY_S if length_s == _WEEK_S else 0
    return time - (time - offset) % length_s


def resampled(candles: Sequence[Candle], base_s: int, length_s: int) -> list[Candle]:
    """Candles of another length, with the partial ones at either end.

    :param candles: of ``base_s`` seconds each, ascending.
    :raises ConfigurationError: the length is no multiple of theirs.
    """
    if length_s % base_s:
        raise ConfigurationError(f"candles of {length_s} s cannot be made of such of {base_s} s")
    return [_merged(start, list(group)) for start, group in groupby(candles, lambda one: bucket_of(one.time, length_s))]


def _merged(start: int, group: Sequence[Candle]) -> Candle:
    return Candle(
        start,
        group[0].open,
        max(one.high for one in group),
        min(one.low for one in group),
        group[-1].close,
        sum((one.volume for one in group), Decimal(0)),
    )

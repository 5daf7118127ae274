"""Candles as pages and answers show them: time in seconds, numbers as float64; and coarser ones made of them.

Unlike the bars that decisions are taken from, a candle may be partial, and says so.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from trading_pipeline.domain.model.bars import Bar
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.timeframes import Timeframe, to_ms

_MINUTE_S, _DAY_S, _WEEK_S = 60, 86_400, 604_800
_ALIASES = {"1m": "1", "3m": "3", "5m": "5", "15m": "15", "30m": "30", "1h": "60", "2h": "120", "4h": "240"}
_ALIASES |= {"6h": "360", "8h": "480", "12h": "720", "1d": "D", "1w": "W", "1440": "D"}


@dataclass(frozen=True, slots=True)
class Candle:
    """One candle.

    :param time: open time, seconds since 1970 UTC.
    :param complete: whether nothing is missing of it and nothing can be added.
    """

    time: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    complete: bool = True

    @classmethod
    def of(cls, bar: Bar) -> "Candle":
        """A closed bar."""
        opened, high, low, close = float(bar.open), float(bar.high), float(bar.low), float(bar.close)
        return cls(to_ms(bar.open_time) // 1000, opened, high, low, close, float(bar.volume))


def interval_named(text: str) -> str:
    """An interval as venues write it: minutes, ``D`` or ``W``; ``1h`` is ``60``.

    :raises ConfigurationError: it is none.
    """
    name = _ALIASES.get(text.strip(), text.strip())
    if name not in ("D", "W") and not re.fullmatch(r"[1-9][0-9]{0,4}", name):
        raise ConfigurationError(f"unknown interval {text!r}; write minutes, D or W, or like 15m, 1h, 1d")
    return name


def interval_seconds(interval: str) -> int:
    """Length of an interval that ``interval_named`` gave."""
    return {"D": _DAY_S, "W": _WEEK_S}.get(interval) or int(interval) * _MINUTE_S


def bucket_start(time: int, interval: str) -> int:
    """Open time of the candle that holds ``time``, both in seconds UTC; weeks begin on Monday, as ISO 8601 has it."""
    if interval == "W":
        day = time // _DAY_S
        # 1970-01-01 was a Thursday.
        return (day - (day + 3) % 7) * _DAY_S
    length = interval_seconds(interval)
    return time // length * length


def resampled(candles: Sequence[Candle], base: str, target: str) -> list[Candle]:
    """Coarser candles; one at an end or with a hole, of which base candles are missing, is kept and marked.

    :param candles: of ``base``, ascending.
    :raises ConfigurationError: ``target`` is shorter than ``base`` or no multiple of it.
    """
    if base == target:
        return list(candles)
    width, rest = divmod(interval_seconds(target), interval_seconds(base))
    if rest or width < 1:
        raise ConfigurationError(f"{target} is no multiple of {base}; ask for another base")
    buckets = groupby(candles, lambda candle: bucket_start(candle.time, target))
    return [_joined(start, list(parts), width) for start, parts in buckets]


def base_needed(base: str, target: str, candles: int) -> int:
    """How many base candles make so many of the target."""
    # One at least: of a target that is no multiple there is nothing to make, which ``resampled`` says in words.
    return candles * max(1, interval_seconds(target) // interval_seconds(base))


def timeframe_of_interval(interval: str) -> Timeframe | None:
    """The stored timeframe of an interval, ``None`` where it is made of another."""
    return next((timeframe for timeframe in Timeframe if timeframe.ms == interval_seconds(interval) * 1000), None)


def _joined(start: int, parts: Sequence[Candle], width: int) -> Candle:
    """The candle that opens at ``start`` (seconds UTC), whole when it has ``width`` whole parts."""
    return Candle(
        time=start,
        open=parts[0].open,
        high=max(part.high for part in parts),
        low=min(part.low for part in parts),
        close=parts[-1].close,
        volume=sum(part.volume for part in parts),
        complete=sum(part.complete for part in parts) == width,
    )

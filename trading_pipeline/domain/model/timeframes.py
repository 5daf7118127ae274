"""Bar lengths and the arithmetic of closing instants, all in UTC."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from trading_pipeline.domain.model.errors import ConfigurationError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Weeks and months are left out: they do not open at multiples of their length since 1970.
_MINUTES = {
    "1m": 1,
    "5m": 5,
    "15m": 15,
    "30m": 30,
    "1h": 60,
    "4h": 240,
    "8h": 480,
    "1d": 1440,
}
_DURATIONS = {label: timedelta(minutes=minutes) for label, minutes in _MINUTES.items()}
# Minutes of what people write behind a number, and nothing for minutes.
_UNITS = {"": 1, "m": 1, "h": 60, "d": 1440, "w": 10_080, "M": 43_200}
_LENGTH = re.compile(r"(\d{1,9})\s*([A-Za-z]*)")
# Bybit's names of intervals: minutes, and D for a day. It publishes none of 8 hours.
_VENUE_SPELLINGS = {"1": "1m", "5": "5m", "15": "15m", "30": "30m", "60": "1h", "240": "4h", "D": "1d"}


class Timeframe(StrEnum):
    """Length of a bar. Bars of every timeframe open at multiples of it since 1970-01-01 UTC."""

    M1 = "1m"
    M5 = "5m"
    M15 = "15m"
    M30 = "30m"
    H1 = "1h"
    H4 = "4h"
    H8 = "8h"
    D1 = "1d"

    @classmethod
    def parse(cls, text: str) -> "Timeframe":
        """Read ``1h`` or the venue's spelling ``60``.

        :raises ConfigurationError: the text names no timeframe; the message names the one whose length is nearest.
        """
        label = _VENUE_SPELLINGS.get(text, text)
        try:
            return cls(label)
        except ValueError:
            near = cls.nearest(text)
            hint = f"the nearest of {', '.join(_MINUTES)} is {near}" if near else f"use one of {', '.join(_MINUTES)}"
            raise ConfigurationError(f"unknown timeframe {text!r}; {hint}") from None

    @classmethod
    def nearest(cls, text: str) -> "Timeframe | None":
        """The one whose length is nearest to ``7m``, ``1 hour`` or ``1M``, as people write it, if to any."""
        match = _LENGTH.fullmatch(text.strip())
        if match is None:
            return None
        # Only a month is told apart from a minute by its letter.
        unit = match[2] if match[2] == "M" else match[2][:1].lower()
        if unit not in _UNITS:
            return None
        minutes = int(match[1]) * _UNITS[unit]
        return min(cls, key=lambda timeframe: abs(_MINUTES[timeframe.value] - minutes))

    @property
    def duration(self) -> timedelta:
        """Length as a ``timedelta``."""
        return _DURATIONS[self.value]

    @property
    def ms(self) -> int:
        """Length in milliseconds."""
        return _MINUTES[self.value] * 60_000

    def floor(self, instant: datetime) -> datetime:
        """Open time (UTC) of the bar that contains ``instant``; a closing instant is the open of the next bar."""
        return slot_of(instant, self.duration)

    def closes_at(self, instant: datetime) -> bool:
        """Whether a bar of this timeframe closes exactly at ``instant``, to the microsecond."""
        return not (instant - EPOCH) % self.duration


def closing_timeframes(instant: datetime, timeframes: Iterable[Timeframe]) -> list[Timeframe]:
    """The timeframes of which a bar closes at ``instant``, in the order given."""
    return [timeframe for timeframe in timeframes if timeframe.closes_at(instant)]


def slot_of(instant: datetime, length: timedelta) -> datetime:
    """The start of the stretch of ``length`` that holds ``instant``; stretches are counted from the epoch."""
    return instant - (instant - EPOCH) % length


def to_ms(instant: datetime) -> int:
    """Aware UTC datetime to integer milliseconds since the epoch."""
    return (instant - EPOCH) // timedelta(milliseconds=1)


def from_ms(milliseconds: int) -> datetime:
    """Integer milliseconds since the epoch to an aware UTC datetime."""
    return EPOCH + timedelta(milliseconds=milliseconds)


def day_of(instant: datetime) -> datetime:
    """Midnight UTC that begins the day of ``instant``, which has to be UTC itself."""
    return instant.replace(hour=0, minute=0, second=0, microsecond=0)

"""Histories that people load: what they ask for, and what is recorded of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from enum import StrEnum

from trading_pipeline.domain.model.bar_file_names import spelled
from trading_pipeline.domain.model.bars import BarSource
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe

PAGE_LIMITS = (1, 1000)
MAX_PAGES_LIMITS = (1, 5000)


class BackfillStatus(StrEnum):
    """Where a run stands; one that was killed stays ``RUNNING``, and its finished pages are kept."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"


@dataclass(frozen=True, slots=True)
class BackfillRequest:
    """Bars opening in ``[start, end)``, both snapped down to the timeframe.

    :param page_limit: bars per request to the venue.
    :param max_pages: requests after which it stops and says so.
    """

    instrument_id: InstrumentId
    timeframe: Timeframe
    start: datetime
    end: datetime
    page_limit: int = 1000
    max_pages: int = 500

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        :raises ConfigurationError: names the value and what it may be.
        """
        for name, value, (least, most) in (
            ("page", self.page_limit, PAGE_LIMITS),
            ("max_pages", self.max_pages, MAX_PAGES_LIMITS),
        ):
            if not least <= value <= most:
                raise ConfigurationError(f"{name} {value} is outside {least}..{most}")
        object.__setattr__(self, "start", self.timeframe.floor(self.start))
        object.__setattr__(self, "end", self.timeframe.floor(self.end))
        if self.start >= self.end:
            start, end = self.start.isoformat(), self.end.isoformat()
            raise ConfigurationError(f"start {start} is not before end {end} on the grid of {self.timeframe}")


@dataclass(frozen=True, slots=True)
class BackfillProgress:
    """How far a run has come.

    :param upserts: bars sent to the store, whether they were new or not.
    :param pages: requests to the venue.
    :param truncated: whether the cap on pages ended it.
    :param through: everything that opens before it has been looked at.
    """

    upserts: int = 0
    pages: int = 0
    truncated: bool = False
    through: datetime | None = None


@dataclass(frozen=True, slots=True)
class BackfillRun:
    """A run as it begins."""

    run_id: str
    source: BarSource
    instrument_id: InstrumentId
    timeframe: Timeframe
    actor: str
    params: Mapping[str, object]


def partition_keys(first_day: date, days: int, instrument_ids: Sequence[InstrumentId]) -> list[str]:
    """Keys of the day x instrument grid, as Dagster writes them."""
    dates = [first_day + timedelta(days=offset) for offset in range(days)]
    return [f"{day.isoformat()}|{instrument_id}" for day in dates for instrument_id in instrument_ids]


def require_allowed(value: str, allowed: Collection[str], what: str) -> None:
    """Refuse what the operator's list does not have; an empty list allows everything.

    :param what: its name, for the message.
    :raises ConfigurationError: it is not in the list.
    """
    if allowed and value not in allowed:
        raise ConfigurationError(f"{what} {value} may not be backfilled here; allowed: {', '.join(sorted(allowed))}")


def timeframe_typed(text: str) -> Timeframe:
    """A timeframe as people type it: ``60``, ``1h``, ``D``.

    :raises ConfigurationError: there is none; the message names the one whose length is nearest.
    """
    label = spelled(text) or (f"{text}m" if text.isdigit() else text)
    if label in set(Timeframe):
        return Timeframe(label)
    if near := Timeframe.nearest(label):
        raise ConfigurationError(f"unknown interval {text!r}; the nearest is {near}")
    raise ConfigurationError(f"unknown interval {text!r}; there are {', '.join(Timeframe)}")


def require_known(value: str, known: Collection[str], what: str) -> None:
    """Refuse what does not exist, naming what is nearest to it.

    :raises ConfigurationError: it is not known.
    """
    if value not in known:
        raise ConfigurationError(f"unknown {what} {value!r}; {nearest_of(value, known)}")


def nearest_of(value: str, known: Collection[str]) -> str:
    """What a person may have meant, as a question; the first there are where nothing is near."""
    near = get_close_matches(value, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(known)[:8])}"

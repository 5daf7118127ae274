"""What has to be true of the moment before AVI-5 may enter; anything unknown forbids.

The bars decide about direction, these guards about the book, the age of the data and funding.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from trading_pipeline.domain.model.errors import ConfigurationError

MAX_AGE = timedelta(seconds=5)
"""Of the bar at evaluation and of the book."""

MIN_TO_FUNDING = timedelta(minutes=15)
MIN_DEPTH_NOTIONAL = 1_000_000.0


@dataclass(frozen=True, slots=True)
class Moment:
    """What is known when a bar is evaluated; ``None`` means unknown.

    :param bar_closed_at: closing instant of the newest bar.
    :param book_at: venue time of the newest book.
    :param book_gap_open: an update of the book is missing and not yet repaired.
    :param spread_bps: of the mid.
    :param depth_notional: quote currency within half a percent of the mid, both sides.
    :param next_funding_at: when funding is settled next.
    """

    bar_confirmed: bool
    bar_closed_at: datetime
    book_at: datetime | None
    book_gap_open: bool
    spread_bps: float | None
    depth_notional: float | None
    next_funding_at: datetime | None


def entry_obstacle(moment: Moment, now: datetime, max_spread_bps: float = 5.0) -> str:
    """The first rule that forbids an entry, empty when none does.

    :param now: venue time.
    :raises ConfigurationError: the spread limit is negative.
    """
    if max_spread_bps < 0:
        raise ConfigurationError(f"max_spread_bps = {max_spread_bps}: must not be negative")
    rules = (
        ("bar_not_confirmed", not moment.bar_confirmed),
        ("book_unknown", moment.book_at is None or moment.spread_bps is None),
        ("book_gap_open", moment.book_gap_open),
        ("book_stale", moment.book_at is not None and now - moment.book_at >= MAX_AGE),
        ("spread", moment.spread_bps is not None and moment.spread_bps > max_spread_bps),
        ("bar_stale", now - moment.bar_closed_at > MAX_AGE),
        ("funding_unknown", moment.next_funding_at is None),
        ("funding_near", moment.next_funding_at is not None and moment.next_funding_at - now < MIN_TO_FUNDING),
        ("depth_unknown", moment.depth_notional is None),
        ("depth", moment.depth_notional is not None and moment.depth_notional < MIN_DEPTH_NOTIONAL),
    )
    return next((name for name, forbids in rules if forbids), "")

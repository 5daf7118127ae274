"""What has to be true of the moment before a strategy may enter."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class EntryGuards:
    """Limits that the gate holds the venue's book, its funding time and the bar's age against.

    :param max_spread_bps: best ask above best bid, in basis points of the mid.
    :param min_depth_usdt: resting within half a percent of the mid, both sides together.
    :param max_book_age_s: a book this old, in seconds, is stale.
    :param min_minutes_to_funding: fewer minutes to the next funding forbid; exactly as many do not.
    :param enter_within_s: seconds after the bar's close in which an entry may be decided.
    """

    max_spread_bps: Decimal
    min_depth_usdt: Decimal
    max_book_age_s: int
    min_minutes_to_funding: int
    enter_within_s: int

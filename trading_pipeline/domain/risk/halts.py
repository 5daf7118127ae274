"""A halt: nothing new is entered while it stands."""

from dataclasses import dataclass
from datetime import datetime

ALL_SYMBOLS = "all"


@dataclass(frozen=True, slots=True)
class Halt:
    """Stops new entries; exits and protection go on. It stands until somebody lifts it.

    :param scope: an instrument, or ``all``: the kill switch.
    :param reason: a sentence an operator can read on a phone.
    :param since: venue time.
    """

    scope: str
    reason: str
    since: datetime

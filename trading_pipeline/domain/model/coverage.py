"""How complete stored bars are."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class DayCoverage:
    """One UTC day of an instrument and timeframe.

    :param bars: stored, of ``expected`` that close within the day.
    :param failed_checks: verdicts that did not pass.
    """

    day: datetime
    bars: int
    expected: int
    failed_checks: int

"""Bars that nobody can have: what the venue never had, and how much of what follows is not traded.

One policy says what becomes of outages, of bars that cannot have been, and of the time before a listing. Computed
over, they are simply not there: nothing is invented, and windows run over the bars that exist. See
docs/decisions/0077.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe

SETTLED = timedelta(minutes=1)
"""Younger than this a bar that is absent is late; a venue may close a bar some seconds after its end."""


class HolePolicy(StrEnum):
    """What a confirmed hole means for the bars after it.

    ``COMPUTE_OVER``: they are sound; as many of them as a strategy needs to warm up are not traded.
    ``REFUSE``: none is sound for as long as the hole lies in its window of 1,700 bars.
    """

    COMPUTE_OVER = "compute_over"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class HoleRules:
    """The policy, and when the venue's silence counts.

    :param ask_again_after: venue time between the two questions that make an outage.
    """

    policy: HolePolicy = HolePolicy.COMPUTE_OVER
    ask_again_after: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Outage:
    """Bars in a row that the venue was asked for twice and does not have.

    :param first_open: open time (UTC) of the first of them; ``end`` the close of the last.
    :param asked_at: venue time of the first question, ``asked_again_at`` of the second; of several bars the latest.
    :param answer: what the venue said, for people.
    """

    instrument_id: InstrumentId
    timeframe: Timeframe
    first_open: datetime
    end: datetime
    asked_at: datetime
    asked_again_at: datetime
    answer: str

    @property
    def bars(self) -> int:
        """How many bars it lacks."""
        return (self.end - self.first_open) // self.timeframe.duration

    def holds(self, open_time: datetime) -> bool:
        """Whether the bar that opens at an instant (UTC) is one of them."""
        return self.first_open <= open_time < self.end

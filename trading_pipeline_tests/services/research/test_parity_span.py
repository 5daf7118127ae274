"""Where a comparison with the backtest may begin."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.model.trade_history import FlatStart
from trading_pipeline.services.research.parity_span import ParitySpan, parity_span
from trading_pipeline_tests.testkit.builders import START
from trading_pipeline_tests.testkit.research import ToldHistory

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FIRST, NEWEST = START + HOUR, START + 10 * DAY


@dataclass(frozen=True)
class LivedHistory(ToldHistory):
    """Waves from the first hour to the tenth day; nothing was held at ``flat``, of what was read since."""

    flat: tuple[datetime, ...] = (START, START + 8 * DAY + timedelta(minutes=7))

    def live_span(self, timeframe: Timeframe) -> tuple[datetime, datetime] | None:
        return FIRST, NEWEST

    def flat_start(self, since: datetime) -> FlatStart | None:
        return next((FlatStart(at, 9_900.0) for at in self.flat if at >= since), None)


LIVED = LivedHistory()


@pytest.mark.parametrize(
    ("longest", "start"),
    [
        (30 * DAY, START),  # the open of the first bar whose close was a wave
        (3 * DAY, START + 8 * DAY),  # to the bar in which the account came to hold nothing
    ],
)
def test_a_comparison_begins_where_nothing_was_held(longest: timedelta, start: datetime) -> None:
    assert parity_span(LIVED, Timeframe.H1, longest) == ParitySpan(start, NEWEST, 9_900.0)


@pytest.mark.parametrize(
    "history",
    [ToldHistory(), replace(LIVED, flat=()), replace(LIVED, flat=(NEWEST + HOUR,))],
    ids=["no wave was live", "something was held all the time", "nothing was held after the newest wave alone"],
)
def test_without_such_a_moment_nothing_is_compared(history: ToldHistory) -> None:
    assert parity_span(history, Timeframe.H1, 30 * DAY) is None

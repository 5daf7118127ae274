"""A venue's bars, those included that it does not publish."""

from datetime import datetime, timedelta

import pytest

from trading_pipeline.adapters.venues.deriving_market_data import DerivingMarketData
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline_tests.testkit.builders import START, walk
from trading_pipeline_tests.testkit.fakes_market_data import RecordedMarketData

BTC = InstrumentId("BTCUSDT.BYBIT")
HOUR = timedelta(hours=1)


def at(now: datetime) -> DerivingMarketData:
    """A venue that publishes hours alone and whose clock stands at ``now``."""
    venue = RecordedMarketData(walk(BTC, count=48), now)
    return DerivingMarketData(venue, {Timeframe.H8: Timeframe.H1})


@pytest.mark.parametrize(
    ("start", "end", "opens"),
    [
        (0, 24, [0, 8, 16]),
        (1, 24, [8, 16]),
        (0, 17, [0, 8, 16]),
        (0, 16, [0, 8]),
        (8, 9, [8]),
    ],
)
def test_derived_bars_open_in_the_range_that_was_asked_for(start: int, end: int, opens: list[int]) -> None:
    found = at(START + 48 * HOUR).bars(BTC, Timeframe.H8, START + start * HOUR, START + end * HOUR)
    assert [bar.open_time for bar in found] == [START + hour * HOUR for hour in opens]


def test_a_bar_that_is_not_over_is_not_made() -> None:
    found = at(START + 15 * HOUR).bars(BTC, Timeframe.H8, START, START + 24 * HOUR)
    assert [bar.open_time for bar in found] == [START]


def test_what_the_venue_publishes_is_its_own_answer() -> None:
    assert len(at(START + 48 * HOUR).bars(BTC, Timeframe.H1, START, START + 5 * HOUR)) == 5

"""Funding, open interest and mark prices of a whole exchange."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from trading_pipeline.adapters.venues.bybit.reference_data import BybitReferenceData
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline_tests.adapters.venues.simulator import Simulator, simulator

SOL = InstrumentId("SOLUSDT.BYBIT")
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def exchange() -> Iterator[Simulator]:
    """Nobody changes anything there."""
    with simulator() as made:
        yield made


@pytest.fixture
def reference(exchange: Simulator) -> BybitReferenceData:
    return BybitReferenceData(exchange.client())


@pytest.fixture
def hour(exchange: Simulator) -> datetime:
    """The newest full hour of the venue."""
    return Timeframe.H1.floor(exchange.market_data().server_time())


def test_hours_come_oldest_first_without_a_hole_however_many_there_are(
    reference: BybitReferenceData, hour: datetime
) -> None:
    start = hour - 450 * HOUR
    expected = [start + place * HOUR for place in range(450)]
    assert [one.at for one in reference.open_interest(SOL, start, hour)] == expected
    assert [one.at for one in reference.mark_bars(SOL, start, hour)] == expected


def test_the_hour_that_is_going_on_has_no_mark_bar_yet(reference: BybitReferenceData, hour: datetime) -> None:
    assert [one.at for one in reference.mark_bars(SOL, hour - HOUR, hour + 5 * HOUR)] == [hour - HOUR]


def test_funding_is_what_was_settled_in_the_range(reference: BybitReferenceData, hour: datetime) -> None:
    day = Timeframe.D1.floor(hour)
    found = reference.funding_rates(SOL, day - 20 * 24 * HOUR, day)
    assert [one.at for one in found] == [day - place * 8 * HOUR for place in range(60, 0, -1)]
    assert all(abs(one.rate) < Decimal("0.04") for one in found)


def test_a_symbol_that_is_not_listed_is_refused_by_name(reference: BybitReferenceData, hour: datetime) -> None:
    for ask in (reference.funding_rates, reference.open_interest, reference.mark_bars):
        with pytest.raises(ConfigurationError, match="NOSUCHUSDT"):
            ask(InstrumentId("NOSUCHUSDT.BYBIT"), hour - HOUR, hour)

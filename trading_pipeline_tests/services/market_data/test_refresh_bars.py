"""Bars that the venue does not publish, made of those that are stored and held against what was heard."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.market_data.bar_store import PostgresBarStore
from trading_pipeline.adapters.stores.market_data.check_store import PostgresCheckStore
from trading_pipeline.adapters.venues.deriving_market_data import DerivingMarketData
from trading_pipeline.domain.model.bars import Bar, BarSource
from trading_pipeline.domain.model.checks import CheckName
from trading_pipeline.domain.model.derived_bars import derived_bars
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.judged_bars import JudgedBars
from trading_pipeline.domain.model.partitions import PartitionRange
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.services.market_data.bars_report import BarsReport
from trading_pipeline.services.market_data.refresh_bars import refresh_bars
from trading_pipeline_tests.testkit.builders import START, walk
from trading_pipeline_tests.testkit.fakes_market_data import RecordedMarketData

BTC = InstrumentId("BTCUSDT.BYBIT")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HOURS = walk(BTC, count=48)
SECOND_DAY = PartitionRange((BTC,), Timeframe.H8, START + DAY, START + 2 * DAY, START)


@pytest.fixture
def bars(database: Engine) -> PostgresBarStore:
    return PostgresBarStore(database)


def refreshed(bars: PostgresBarStore, database: Engine, now: datetime, published: list[Bar]) -> BarsReport:
    """As the asset of 8h does it; the venue publishes these hours."""
    market = DerivingMarketData(RecordedMarketData(published, now), {Timeframe.H8: Timeframe.H1})
    return refresh_bars(bars, PostgresCheckStore(database), market, SECOND_DAY, now, Timeframe.H1)


def test_they_are_made_of_stored_hours_and_no_venue_is_asked(bars: PostgresBarStore, database: Engine) -> None:
    bars.append_raw(HOURS, BarSource.REST)
    market = RecordedMarketData(HOURS, START + 2 * DAY)
    scope = replace(SECOND_DAY, history_start=START + DAY)
    report = refresh_bars(bars, PostgresCheckStore(database), market, scope, START + 2 * DAY, Timeframe.H1)
    assert (report.changed, market.requests) == (3, [])
    assert bars.raw_bars([BTC], Timeframe.H8, START, START + 2 * DAY) == derived_bars(HOURS[24:], Timeframe.H8)


def test_older_hours_are_asked_of_the_venue(bars: PostgresBarStore, database: Engine) -> None:
    bars.append_raw(HOURS[24:], BarSource.REST)
    refreshed(bars, database, START + 2 * DAY, HOURS)
    assert bars.raw_bars([BTC], Timeframe.H8, START, START + 2 * DAY) == derived_bars(HOURS, Timeframe.H8)


def test_in_the_middle_of_a_window_there_is_no_bar_yet(bars: PostgresBarStore, database: Engine) -> None:
    bars.append_raw(HOURS[:39], BarSource.REST)
    refreshed(bars, database, START + 39 * HOUR, HOURS)
    found = bars.raw_bars([BTC], Timeframe.H8, START, START + 2 * DAY)
    assert [bar.open_time for bar in found] == [START + hour * HOUR for hour in (0, 8, 16, 24)]


def test_a_contradicted_eight_hour_bar_is_not_traded(bars: PostgresBarStore, database: Engine) -> None:
    bars.append_raw(HOURS, BarSource.REST)
    (first, *_) = derived_bars(HOURS[24:], Timeframe.H8)
    bars.append_raw([replace(first, high=first.high + Decimal(1))], BarSource.WEBSOCKET)
    refreshed(bars, database, START + 2 * DAY, HOURS)
    failed = PostgresCheckStore(database).failed([BTC], Timeframe.H8, START + DAY, START + 2 * DAY)
    assert [(one.name, one.close_time) for one in failed] == [(CheckName.SOURCES_AGREE, first.close_time)]
    assert "derived" in failed[0].detail


def test_verdicts_that_are_kept_while_the_next_instrument_is_fetched_end_the_run_when_they_are_not(
    bars: PostgresBarStore, database: Engine
) -> None:
    class Full(PostgresCheckStore):
        def save(self, judged: Sequence[JudgedBars]) -> int:
            raise DataError(f"no room for {sum(map(len, judged))} bars")

    bars.append_raw(HOURS, BarSource.REST)
    scope = replace(SECOND_DAY, timeframe=Timeframe.H1)
    with pytest.raises(DataError, match="no room for 24 bars"):
        refresh_bars(bars, Full(database), RecordedMarketData(HOURS, START + 2 * DAY), scope, START + 2 * DAY)

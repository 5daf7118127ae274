"""A recorded history that lost 500 hours twice: what is known of it, what is computed over it, what is traded after."""

import csv
import gzip
import json
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine

from trading_pipeline.domain.backtest.signals import EntrySignals
from trading_pipeline.domain.model.bars import Bar
from trading_pipeline.domain.model.holes import HolePolicy
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.partitions import PartitionRange
from trading_pipeline.domain.model.timeframes import Timeframe, day_of, from_ms
from trading_pipeline.domain.strategies.framework.arrays import BarArrays
from trading_pipeline.services.market_data.fill_gaps import fill_gaps
from trading_pipeline_tests.testkit.builders import a_range
from trading_pipeline_tests.testkit.fakes_market_data import RecordedMarketData
from trading_pipeline_tests.testkit.market_vertical import Vertical

BTC = InstrumentId("BTCUSDT.BINANCE")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HOLES = [("2024-11-11T16:00", "2024-12-02T12:00"), ("2025-01-13T04:00", "2025-02-03T00:00")]


@pytest.fixture(scope="module")
def recorded(samples: Path) -> list[Bar]:
    """250 hours, a hole, 1,000 hours, a hole, 200 hours."""
    with gzip.open(samples / "gappy_1h" / "BTCUSDT_1h.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    names = ("open", "high", "low", "close", "volume")
    return [
        Bar(BTC, Timeframe.H1, from_ms(int(row["open_time_ms"])), *(Decimal(row[name]) for name in names), Decimal(0))
        for row in rows
    ]


@pytest.fixture
def vertical(database: Engine, recorded: list[Bar]) -> Vertical:
    """The venue was asked for the whole history twice."""
    vertical = Vertical(database)
    venue = RecordedMarketData(recorded, recorded[-1].close_time)
    for now in (venue.time, venue.time + 5 * timedelta(minutes=1)):
        fill_gaps(vertical.bars, venue, whole(recorded), now)
    return vertical


def whole(recorded: list[Bar], policy: HolePolicy = HolePolicy.COMPUTE_OVER) -> PartitionRange:
    """Every day of the history."""
    first = day_of(recorded[0].open_time)
    days = (recorded[-1].open_time - first) // DAY + 1
    return a_range([BTC], Timeframe.H1, first, days, recorded[0].open_time, policy)


def traded(vertical: Vertical) -> list[datetime]:
    """Closes of the bars of which plans were made."""
    return sorted(datetime.fromisoformat(json.loads(row)["close_time"]) for row in vertical.rows()["trade_plans"])


def test_it_lost_exactly_its_two_holes_of_500_hours(vertical: Vertical) -> None:
    found = vertical.bars.outages([BTC], Timeframe.H1)[BTC]
    assert [(f"{one.first_open:%Y-%m-%dT%H:%M}", f"{one.end:%Y-%m-%dT%H:%M}") for one in found] == HOLES
    assert {(one.end - one.first_open) // HOUR for one in found} == {500}


def test_trading_resumes_after_holes_as_in_the_backtest(vertical: Vertical, recorded: list[Bar]) -> None:
    now = recorded[-1].close_time
    report = vertical.run(whole(recorded), now)
    strategy = vertical.strategies[0].strategy
    closes = traded(vertical)
    for hole in vertical.bars.outages([BTC], Timeframe.H1)[BTC]:
        ready = hole.end + strategy.warmup_bars * HOUR
        assert not [close for close in closes if hole.first_open < close <= ready]
        assert [close for close in closes if ready < close <= ready + 4 * DAY]
    frame = vertical.bars.frame([BTC], Timeframe.H1, recorded[0].open_time, now)
    entered = EntrySignals.of_strategy(strategy, frame, BarArrays.of(frame), exits=False).bar_index
    assert closes == [frame["close_time"].iloc[place].to_pydatetime() for place in entered]
    assert report.refused
    assert all("after_hole: 500 bars lack among the" in reason for reason in report.refused)


def test_a_day_alone_has_the_same_rows(vertical: Vertical, recorded: list[Bar]) -> None:
    now = recorded[-1].close_time
    vertical.run(whole(recorded), now)
    before = vertical.rows()
    vertical.run(a_range([BTC], Timeframe.H1, day_of(now) - DAY, 1, recorded[0].open_time), now)
    assert vertical.rows() == before


def test_a_policy_that_refuses_holes_trades_nothing_after_the_first(vertical: Vertical, recorded: list[Bar]) -> None:
    vertical.run(whole(recorded, HolePolicy.REFUSE), recorded[-1].close_time)
    first = vertical.bars.outages([BTC], Timeframe.H1)[BTC][0].first_open
    closes = traded(vertical)
    assert closes
    assert max(closes) <= first


def test_impossible_bars_are_computed_over_like_lost_ones(vertical: Vertical, recorded: list[Bar]) -> None:
    now, place = recorded[-1].close_time, 700
    broken = replace(recorded[place], high=Decimal(1))
    with vertical.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE trading.raw_bars SET high = 1 WHERE open_time = %(at)s", {"at": broken.open_time}
        )
    vertical.run(whole(recorded), now)
    rest = broken.close_time + vertical.strategies[0].strategy.warmup_bars * HOUR
    closes = traded(vertical)
    assert not [close for close in closes if broken.open_time < close <= rest]
    assert [close for close in closes if rest < close <= rest + 4 * DAY]

"""Minutes inside bars of five: made when they are read, and always the same."""

from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_pipeline.domain.model.timeframes import to_ms
from trading_pipeline.exchange_simulator.bars import BarSeries
from trading_pipeline.exchange_simulator.exchange import Market
from trading_pipeline.exchange_simulator.instruments import specification
from trading_pipeline.exchange_simulator.intervals import INTERVALS
from trading_pipeline.exchange_simulator.market_model import generate
from trading_pipeline.exchange_simulator.minutes import MINUTE_MS, Minutes, MinuteSeries
from trading_pipeline.exchange_simulator.payloads.klines import forming_row
from trading_pipeline.exchange_simulator.price_walk import Moment, PriceWalk
from trading_pipeline_tests.exchange_simulator.builders import STEP_MS

COLUMNS = ("open", "high", "low", "close", "volume", "turnover")
DAY = 1440
MADE = generate("SOLUSDT", 7)
WHOLE = MADE.part(0, 12 * DAY)


@st.composite
def fives(draw: st.DrawFn) -> BarSeries:
    """Up to a dozen bars of five minutes in ticks of 5 units, flat ones and ones without volume among them."""
    bars = []
    for _ in range(draw(st.integers(1, 12))):
        low, first, second, high = sorted(draw(st.integers(1, 60)) for _ in range(4))
        bars.append((first, high, low, second) if draw(st.booleans()) else (second, high, low, first))
    columns = [5 * np.array(column, np.int64) for column in zip(*bars, strict=True)]
    volume = np.array(draw(st.lists(st.integers(0, 10_000), min_size=len(bars), max_size=len(bars))), np.int64)
    return BarSeries(STEP_MS, 2, 1, STEP_MS * np.arange(len(bars)), *columns, volume, volume)


@settings(max_examples=80)
@given(fives(), st.integers(0, 9))
def test_five_minutes_are_exactly_the_bar_that_they_are_made_of(bars: BarSeries, seed: int) -> None:
    count = len(bars.open_ms)
    times = MINUTE_MS * np.arange(5 * count, dtype=np.int64)
    minutes = MinuteSeries.of(Minutes(bars, "XUSDT", seed, 5), bars, times).part(0, 5 * count)
    columns = [np.asarray(getattr(minutes, name)).reshape(-1, 5) for name in COLUMNS]
    opening, high, low, close, volume, turnover = columns
    made = (opening[:, 0], high.max(axis=1), low.min(axis=1), close[:, -1], volume.sum(axis=1), turnover.sum(axis=1))
    for name, column in zip(COLUMNS, made, strict=True):
        assert np.array_equal(column, getattr(bars, name)), name
    assert (low <= np.minimum(opening, close)).all()
    assert (high >= np.maximum(opening, close)).all()
    assert (opening[:, 1:] == close[:, :-1]).all()
    assert not any((column % 5).any() for column in (opening, high, low, close))
    assert (volume >= 0).all()
    assert (turnover >= 0).all()


@given(st.integers(0, 12 * DAY - 1), st.integers(1, 6 * DAY))
@settings(max_examples=60)
def test_minutes_are_the_same_whichever_are_read_and_in_whichever_order(first: int, count: int) -> None:
    last = min(first + count, 12 * DAY)
    part = MADE.part(first, last)
    for name in COLUMNS:
        expected = np.asarray(getattr(WHOLE, name))[first:last]
        column = getattr(MADE, name)
        assert np.array_equal(np.asarray(getattr(part, name)), expected), name
        assert np.array_equal(column[first:last], expected), name
        assert (column[first], column[last - 1]) == (expected[0], expected[-1]), name


@pytest.mark.parametrize("interval", ["3", "5", "15", "240", "D"])
def test_every_interval_is_made_of_minutes(interval: str) -> None:
    market = Market(specification("SOLUSDT", Decimal(190)), PriceWalk(MADE), Moment(0))
    rows = market.series(INTERVALS[interval]).rows(0, 3)
    length = INTERVALS[interval].step_ms // MINUTE_MS
    for number, row in enumerate(rows):
        bar = WHOLE.part(number * length, (number + 1) * length)
        prices = [bar.open[0], bar.high[:].max(), bar.low[:].min(), bar.close[-1]]
        assert [round(float(text) * 10**bar.price_decimals) for text in row[1:5]] == prices
        assert round(float(row[5]) * 10**bar.volume_decimals) == bar.volume[:].sum()
        assert round(float(row[6]) * 10_000) == bar.turnover[:].sum()


def test_a_minute_moves_as_recorded_ones_do() -> None:
    """The bounds are those of five recorded markets, see the module; a wider one where they differ among each other."""
    high, low = (np.asarray(getattr(WHOLE, name)).reshape(-1, 5) for name in ("high", "low"))
    reach = (high - low).mean() / (high.max(axis=1) - low.min(axis=1)).mean()
    assert 0.36 < reach < 0.44
    opening, close = (np.asarray(getattr(WHOLE, name)).reshape(-1, 5) for name in ("open", "close"))
    told = high.argmax(axis=1) != low.argmin(axis=1)
    low_first = (low.argmin(axis=1) < high.argmax(axis=1))[told]
    rises, falls = (close[:, -1] > opening[:, 0])[told], (close[:, -1] < opening[:, 0])[told]
    assert 0.86 < low_first[rises].mean() < 0.95
    assert 0.86 < 1 - low_first[falls].mean() < 0.95


def test_every_minute_turns_over_its_volume_at_its_own_prices() -> None:
    mean = WHOLE.turnover / 10_000 / (WHOLE.volume / 10**WHOLE.volume_decimals) * 10**WHOLE.price_decimals
    outside = np.maximum(WHOLE.low - mean, mean - WHOLE.high) / mean
    # It is five minutes that come out exactly.
    assert outside.max() < 0.003
    assert (outside > 0).mean() < 0.1


@pytest.mark.parametrize("interval", ["3", "15", "D", "W"])
def test_a_forming_bar_is_that_of_its_closed_minutes_and_what_was_printed_since(interval: str) -> None:
    moment = Moment(to_ms(datetime(2025, 1, 8, 13, 8, tzinfo=UTC)))
    market = Market(specification("SOLUSDT", Decimal(190)), PriceWalk(MADE), moment)
    begin = INTERVALS[interval].open_of(moment.now_ms)
    bars = MADE.part(MADE.opened_before(begin), MADE.closed_by(moment.now_ms))
    row = forming_row(market, INTERVALS[interval], moment.now_ms)
    assert int(row[0]) == begin
    prices = [bars.open[0], bars.high.max(), bars.low.min(), bars.close[-1]]
    assert [round(float(text) * 10**bars.price_decimals) for text in row[1:5]] == prices
    assert round(float(row[5]) * 10**bars.volume_decimals) == bars.volume.sum()
    assert round(float(row[6]) * 10_000) == bars.turnover.sum()

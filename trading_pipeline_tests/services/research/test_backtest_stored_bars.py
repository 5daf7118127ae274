"""A backtest of what is stored: which bars it takes, and along which of them prices walk."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.market_data.bar_store import PostgresBarStore
from trading_pipeline.domain.model.bars import BarSource
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.timeframes import EPOCH, Timeframe
from trading_pipeline.services.research.backtest_stored_bars import StoredMarket, backtest_stored_bars
from trading_pipeline.services.research.run_backtest import BacktestRun
from trading_pipeline_tests.testkit.bare_replay import strategy_plan
from trading_pipeline_tests.testkit.builders import START, a_bar, walk
from trading_pipeline_tests.testkit.fakes_market_data import RecordedMarketData

BTC = "BTCUSDT.BYBIT"
NOW = START + timedelta(hours=40)


def backtested(engine: Engine, stored: tuple[Timeframe, ...], now: datetime = NOW) -> BacktestRun:
    store = PostgresBarStore(engine)
    for timeframe in stored:
        store.append_raw(walk(timeframe=timeframe, count=40 * 60_000 * 60 // timeframe.ms), BarSource.FILE)
        store.consolidate([BTC], timeframe, EPOCH, NOW)
    market = StoredMarket(store, RecordedMarketData([], now), Timeframe.M15)
    plan = strategy_plan("ema_atr", Timeframe.H1, fast_period=3, slow_period=8)
    return backtest_stored_bars(market, plan, BTC, Timeframe.H1, now, "test")


def test_prices_walk_along_the_finest_bars_where_some_are_stored(database: Engine) -> None:
    params = backtested(database, (Timeframe.M15, Timeframe.H1)).record.params
    assert params["path"][BTC]["count"] == 160  # type: ignore[index]
    assert params["code_version"] == "test"
    assert params["steps"][BTC]["price_increment"] == 0.1  # type: ignore[index]


def test_without_finer_bars_prices_walk_along_those_of_the_strategy(database: Engine) -> None:
    assert backtested(database, (Timeframe.H1,)).record.params["path"] == {}


def test_the_bar_that_forms_is_left_out(database: Engine) -> None:
    done = backtested(database, (Timeframe.H1,), NOW - timedelta(minutes=90))
    assert done.bars[BTC]["close_time"].max() == NOW - timedelta(hours=2)


def test_a_bar_that_cannot_have_been_is_no_bar_of_a_backtest_as_it_is_none_of_the_pipelines(database: Engine) -> None:
    store = PostgresBarStore(database)
    store.append_raw([a_bar(open_time=START + timedelta(hours=20), low="-5")], BarSource.FILE)
    assert len(backtested(database, (Timeframe.H1,)).bars[BTC]) == 39


def test_an_instrument_without_bars_is_told_what_to_backfill(database: Engine) -> None:
    with pytest.raises(DataError, match=r"no 1h bars of BTCUSDT\.BYBIT are stored; backfill bars_1h first"):
        backtested(database, (Timeframe.M15,))

"""Finer bars that a backtest walks along."""

from datetime import timedelta

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.services.research.path_bars import path_bars
from trading_pipeline_tests.testkit.builders import START, walk
from trading_pipeline_tests.testkit.fakes_market_data import RecordedMarketData

BTC, SOL = InstrumentId("BTCUSDT.BYBIT"), InstrumentId("SOLUSDT.BYBIT")


def test_an_instrument_that_the_venue_has_no_bars_of_has_no_path() -> None:
    hours = walk(BTC, count=10)
    venue = RecordedMarketData(hours, time=START + timedelta(days=1))
    found = path_bars(venue, [BTC, SOL], Timeframe.H1, START + timedelta(hours=2), START + timedelta(hours=5))
    assert list(found) == [BTC]
    assert found[BTC]["close"].tolist() == [float(bar.close) for bar in hours[2:5]]
    assert found[BTC]["open_time"].tolist() == [bar.open_time for bar in hours[2:5]]

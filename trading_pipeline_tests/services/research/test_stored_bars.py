"""Stored bars by timeframe and instrument."""

from datetime import timedelta

from sqlalchemy import Engine

from trading_pipeline.adapters.stores.market_data.bar_store import PostgresBarStore
from trading_pipeline.domain.model.bars import BarSource
from trading_pipeline.domain.model.timeframes import EPOCH, Timeframe
from trading_pipeline.services.research.stored_bars import stored_bars
from trading_pipeline_tests.testkit.builders import START, walk

BTC, SOL = "BTCUSDT.BYBIT", "SOLUSDT.BYBIT"
END = START + timedelta(hours=8)


def test_an_instrument_without_bars_is_left_out(database: Engine) -> None:
    store = PostgresBarStore(database)
    for bars in (walk(BTC, count=10), walk(SOL, count=4), walk(SOL, count=2, timeframe=Timeframe.H4)):
        store.append_raw(bars, BarSource.FILE)
        store.consolidate([BTC, SOL], bars[0].timeframe, EPOCH, START + timedelta(days=1))
    found = stored_bars(store, [BTC, SOL], (Timeframe.H1, Timeframe.H4), START, END)
    assert {timeframe: {name: len(frame) for name, frame in by_id.items()} for timeframe, by_id in found.items()} == {
        Timeframe.H1: {BTC: 8, SOL: 4},
        Timeframe.H4: {SOL: 2},
    }
    assert found[Timeframe.H1][SOL].index.tolist() == [0, 1, 2, 3]
    assert found[Timeframe.H1][SOL]["close"].tolist() == [float(bar.close) for bar in walk(SOL, count=4)]

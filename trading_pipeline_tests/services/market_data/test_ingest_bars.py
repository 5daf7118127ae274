"""A closed bar arrives."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.market_data.bar_store import PostgresBarStore
from trading_pipeline.domain.model.bars import BarSource
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.events import BarClosed
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.services.market_data.ingest_bars import ingest_bars
from trading_pipeline_tests.testkit.builders import START, a_bar
from trading_pipeline_tests.testkit.fakes_market_data import ListStream


def test_a_live_bar_is_announced_once_however_often_it_arrives(database: Engine) -> None:
    store, stream = PostgresBarStore(database), ListStream()
    for _ in range(3):
        ingest_bars(store, stream, [a_bar()], BarSource.WEBSOCKET)
    assert stream.published == [BarClosed("BTCUSDT.BYBIT", Timeframe.H1, START + timedelta(hours=1))]


@pytest.mark.parametrize(("live", "announced"), [(False, 0), (True, 1)])
def test_bars_by_rest_are_announced_only_when_they_closed_just_now(
    database: Engine, live: bool, announced: int
) -> None:
    stream = ListStream()
    assert ingest_bars(PostgresBarStore(database), stream, [a_bar()], BarSource.REST, live=live) == [a_bar()]
    assert len(stream.published) == announced


def test_a_bar_off_the_grid_is_refused_and_nothing_is_stored(database: Engine) -> None:
    store, stream = PostgresBarStore(database), ListStream()
    crooked = a_bar("SOLUSDT.BYBIT", open_time=START + timedelta(minutes=7))
    with pytest.raises(DataError, match=r"SOLUSDT\.BYBIT 1h: no bar opens at 2025-03-01T00:07"):
        ingest_bars(store, stream, [a_bar(), crooked], BarSource.WEBSOCKET)
    assert store.newest_raw_close("BTCUSDT.BYBIT", Timeframe.H1) is None
    assert stream.published == []

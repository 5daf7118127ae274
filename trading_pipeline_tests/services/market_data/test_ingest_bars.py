"""A closed bar arrives."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.market_data.bar_store import PostgresBarStore
from trading_pipeline.adapters.stores.market_data.wave_store import PostgresWaveStore
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
    assert ingest_bars(PostgresBarStore(database), stream, [a_bar()], BarSource.REST, live=live).new == [a_bar()]
    assert len(stream.published) == announced


def test_a_bar_off_the_grid_is_refused_and_nothing_is_stored(database: Engine) -> None:
    store, stream = PostgresBarStore(database), ListStream()
    crooked = a_bar("SOLUSDT.BYBIT", open_time=START + timedelta(minutes=7))
    with pytest.raises(DataError, match=r"SOLUSDT\.BYBIT 1h: no bar opens at 2025-03-01T00:07"):
        ingest_bars(store, stream, [a_bar(), crooked], BarSource.WEBSOCKET)
    assert store.newest_raw_close("BTCUSDT.BYBIT", Timeframe.H1) is None
    assert stream.published == []


def test_a_revised_bar_is_announced_no_second_time(database: Engine) -> None:
    store, stream = PostgresBarStore(database), ListStream()
    ingest_bars(store, stream, [a_bar()], BarSource.WEBSOCKET)
    again = a_bar(close="106", volume="9")
    done = ingest_bars(store, stream, [again], BarSource.WEBSOCKET)
    assert (done.new, len(stream.published)) == ([], 1)
    [revision] = done.revised
    assert revision.changes == {"close": ("105", "106"), "volume": ("7", "9")}
    assert store.raw_bars(["BTCUSDT.BYBIT"], Timeframe.H1, START, START + timedelta(hours=1)) == [again]
    assert ingest_bars(store, stream, [again], BarSource.WEBSOCKET).revised == []


def test_of_two_simultaneous_bars_the_second_counts(database: Engine) -> None:
    store, stream = PostgresBarStore(database), ListStream()
    done = ingest_bars(store, stream, [a_bar(), a_bar(close="106")], BarSource.WEBSOCKET)
    assert (done.new, [one.changes for one in done.revised]) == ([a_bar()], [{"close": ("105", "106")}])


def test_a_revision_opens_no_wave(database: Engine) -> None:
    store, waves = PostgresBarStore(database), PostgresWaveStore(database)
    close = START + timedelta(hours=1)
    ingest_bars(store, ListStream(), [a_bar(), a_bar("SOLUSDT.BYBIT")], BarSource.WEBSOCKET)
    waves.begin(close, Timeframe.H1, "code")
    store.consolidate(["BTCUSDT.BYBIT", "SOLUSDT.BYBIT"], Timeframe.H1, START, close)
    assert waves.mark_computed(close, Timeframe.H1, ["BTCUSDT.BYBIT", "SOLUSDT.BYBIT"], "run-1")
    ingest_bars(store, ListStream(), [a_bar(close="106")], BarSource.WEBSOCKET)
    computed = waves.computed(close, Timeframe.H1)
    assert computed is not None
    assert waves.pending() == []
    assert waves.late(["BTCUSDT.BYBIT", "SOLUSDT.BYBIT"], [Timeframe.H1], computed.heard, close) == {"BTCUSDT.BYBIT"}

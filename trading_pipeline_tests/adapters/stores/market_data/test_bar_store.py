"""Bars as heard and as read, in PostgreSQL."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.market_data.bar_store import PostgresBarStore
from trading_pipeline.adapters.stores.market_data.wave_store import PostgresWaveStore
from trading_pipeline.domain.model.bar_history import FirstAvailableBar
from trading_pipeline.domain.model.bars import BAR_COLUMNS, BarSource
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline_tests.testkit.builders import START, a_bar, walk, without

END = START + timedelta(days=30)
HOUR = timedelta(hours=1)


@pytest.fixture
def store(database: Engine) -> PostgresBarStore:
    return PostgresBarStore(database)


@pytest.fixture
def waves(database: Engine) -> PostgresWaveStore:
    return PostgresWaveStore(database)


def test_a_second_telling_adds_nothing_and_the_first_word_stands(store: PostgresBarStore) -> None:
    assert store.append_raw([a_bar(close="105")], BarSource.WEBSOCKET) == [a_bar(close="105")]
    assert store.append_raw([a_bar(close="106")], BarSource.WEBSOCKET) == []
    store.consolidate(["BTCUSDT.BYBIT"], Timeframe.H1, START, END)
    assert store.frame(["BTCUSDT.BYBIT"], Timeframe.H1, START, END)["close"].tolist() == [105.0]


def test_a_bar_told_twice_in_one_call_is_new_once(store: PostgresBarStore) -> None:
    first, second = a_bar(), a_bar(open_time=START + HOUR)
    assert store.append_raw([first, second, first], BarSource.REST) == [first, second]


def test_what_goes_in_comes_out_exactly(store: PostgresBarStore) -> None:
    bars = walk("SOLUSDT.BYBIT", count=30) + walk("ADAUSDT.BYBIT", count=20)
    store.append_raw(bars, BarSource.REST)
    assert store.consolidate(["SOLUSDT.BYBIT", "ADAUSDT.BYBIT"], Timeframe.H1, START, END) == 50
    frame = store.frame(["SOLUSDT.BYBIT", "ADAUSDT.BYBIT"], Timeframe.H1, START, END)
    expected = sorted(bars, key=lambda bar: (bar.instrument_id, bar.open_time))
    assert tuple(frame.columns) == BAR_COLUMNS
    assert frame["instrument_id"].tolist() == [bar.instrument_id for bar in expected]
    assert frame["open_time"].tolist() == [bar.open_time for bar in expected]
    assert frame["close_time"].tolist() == [bar.close_time for bar in expected]
    for name in BAR_COLUMNS[3:]:
        assert frame[name].tolist() == [float(getattr(bar, name)) for bar in expected]


def test_a_range_without_bars_is_an_empty_frame_of_the_same_types(store: PostgresBarStore) -> None:
    store.append_raw(walk(count=3), BarSource.REST)
    store.consolidate(["BTCUSDT.BYBIT"], Timeframe.H1, START, END)
    full = store.frame(["BTCUSDT.BYBIT"], Timeframe.H1, START, END)
    empty = store.frame(["BTCUSDT.BYBIT"], Timeframe.M15, START, END)
    assert len(empty) == 0
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()


def test_consolidating_again_changes_nothing(store: PostgresBarStore) -> None:
    store.append_raw(walk(count=10), BarSource.REST)
    assert store.consolidate(["BTCUSDT.BYBIT"], Timeframe.H1, START, END) == 10
    assert store.consolidate(["BTCUSDT.BYBIT"], Timeframe.H1, START, END) == 0


@pytest.mark.parametrize("order", [(BarSource.REST, BarSource.WEBSOCKET), (BarSource.WEBSOCKET, BarSource.REST)])
def test_the_websocket_wins_whoever_came_first(store: PostgresBarStore, order: tuple[BarSource, BarSource]) -> None:
    closes = {BarSource.WEBSOCKET: "105", BarSource.REST: "104"}
    for source in order:
        store.append_raw([a_bar(close=closes[source])], source)
        store.consolidate(["BTCUSDT.BYBIT"], Timeframe.H1, START, END)
    assert store.frame(["BTCUSDT.BYBIT"], Timeframe.H1, START, END)["close"].tolist() == [105.0]


def test_sources_that_disagree_in_price_are_a_conflict_and_volume_is_not(store: PostgresBarStore) -> None:
    second = START + HOUR
    store.append_raw([a_bar(), a_bar(open_time=second)], BarSource.WEBSOCKET)
    store.append_raw([a_bar(volume="8"), a_bar(open_time=second, low="89")], BarSource.REST)
    [conflict] = store.conflicts(["BTCUSDT.BYBIT"], Timeframe.H1, START, END)
    assert (conflict.instrument_id, conflict.open_time) == ("BTCUSDT.BYBIT", second)
    assert conflict.detail == "rest 100/110/89/105, websocket 100/110/90/105"


def test_missing_names_the_absent_open_times_of_each_symbol(store: PostgresBarStore) -> None:
    store.append_raw(walk(count=5) + without(walk("SOLUSDT.BYBIT", count=5), 0, 3), BarSource.REST)
    missing = store.missing(["BTCUSDT.BYBIT", "SOLUSDT.BYBIT", "ADAUSDT.BYBIT"], Timeframe.H1, START, START + 5 * HOUR)
    assert missing == {
        "SOLUSDT.BYBIT": [START, START + 3 * HOUR],
        "ADAUSDT.BYBIT": [START + step * HOUR for step in range(5)],
    }


def test_newest_and_first_bar_heard(store: PostgresBarStore) -> None:
    assert store.newest_raw_close("BTCUSDT.BYBIT", Timeframe.H1) is None
    store.append_raw(walk(count=4), BarSource.REST)
    assert store.newest_raw_close("BTCUSDT.BYBIT", Timeframe.H1) == START + 4 * HOUR
    assert store.first_raw_open("BTCUSDT.BYBIT", Timeframe.H1, START + 2 * HOUR) == START + 2 * HOUR
    assert store.first_raw_open("BTCUSDT.BYBIT", Timeframe.H1, END) is None


def test_a_listing_is_replaced_by_what_the_venue_says_later(store: PostgresBarStore) -> None:
    for asked_from in (START + HOUR, START):
        store.record_first_available_bar(FirstAvailableBar("BTCUSDT.BYBIT", asked_from, START + 5 * HOUR), Timeframe.H1)
    found = store.first_available_bars(["BTCUSDT.BYBIT", "SOLUSDT.BYBIT"], Timeframe.H1)
    assert found == {"BTCUSDT.BYBIT": FirstAvailableBar("BTCUSDT.BYBIT", START, START + 5 * HOUR)}


def test_live_bars_open_waves_and_a_backfill_opens_none(store: PostgresBarStore, waves: PostgresWaveStore) -> None:
    store.append_raw(walk(count=10), BarSource.REST)
    assert waves.pending() == []
    assert waves.newest() is None
    store.append_raw([a_bar("SOLUSDT.BYBIT")], BarSource.WEBSOCKET)
    store.append_raw(
        [a_bar("ADAUSDT.BYBIT", timeframe=Timeframe.M15, open_time=START + 3 * HOUR / 4)], BarSource.REST, live=True
    )
    assert [(wave.timeframe, wave.instruments_heard) for wave in waves.pending()] == [("15m", 1), ("1h", 2)]
    assert waves.at(START + HOUR) == waves.pending()
    assert waves.newest() == START + HOUR


def test_a_computed_wave_is_pending_no_more(store: PostgresBarStore, waves: PostgresWaveStore) -> None:
    store.append_raw([a_bar()], BarSource.WEBSOCKET)
    store.consolidate(["BTCUSDT.BYBIT"], Timeframe.H1, START, END)
    assert waves.mark_computed(START + HOUR, Timeframe.H1, ["BTCUSDT.BYBIT"], "run-1")
    assert waves.pending() == []
    assert waves.at(START + HOUR)[0].run_id == "run-1"


def test_a_bar_that_came_too_late_for_the_run_keeps_the_wave_pending(
    store: PostgresBarStore, waves: PostgresWaveStore
) -> None:
    store.append_raw([a_bar()], BarSource.WEBSOCKET)
    store.consolidate(["BTCUSDT.BYBIT", "SOLUSDT.BYBIT"], Timeframe.H1, START, END)
    store.append_raw([a_bar("SOLUSDT.BYBIT")], BarSource.WEBSOCKET)
    assert not waves.mark_computed(START + HOUR, Timeframe.H1, ["BTCUSDT.BYBIT", "SOLUSDT.BYBIT"], "run-1")
    assert len(waves.pending()) == 1


@pytest.mark.parametrize(("instrument_id", "pending"), [("SOLUSDT.BYBIT", 1), ("BTCUSDT.BYBIT", 0)])
def test_only_a_bar_never_heard_reopens_a_computed_wave(
    store: PostgresBarStore, waves: PostgresWaveStore, instrument_id: str, pending: int
) -> None:
    store.append_raw([a_bar()], BarSource.WEBSOCKET)
    store.consolidate(["BTCUSDT.BYBIT"], Timeframe.H1, START, END)
    waves.mark_computed(START + HOUR, Timeframe.H1, ["BTCUSDT.BYBIT"], "run-1")
    store.append_raw([a_bar(instrument_id)], BarSource.REST, live=True)
    assert len(waves.pending()) == pending

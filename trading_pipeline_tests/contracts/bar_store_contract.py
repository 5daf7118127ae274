"""What ``BarStore`` promises, and ``RawBarStore`` with it, whoever keeps them."""

from datetime import timedelta

import pytest

from trading_pipeline.domain.model.bar_history import FirstAvailableBar
from trading_pipeline.domain.model.bars import BAR_COLUMNS, BarSource
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.stores.market_data.bar_store import BarStore
from trading_pipeline.ports.stores.market_data.raw_bar_store import RawBarStore
from trading_pipeline_tests.testkit.builders import START, a_bar, walk, without

END = START + timedelta(days=30)
HOUR = timedelta(hours=1)
BTC, SOL = "BTCUSDT.BYBIT", "SOLUSDT.BYBIT"


class RawBarStoreContract:
    """Give the fixture ``raw``, which is empty."""

    def test_the_first_word_of_a_source_stands(self, raw: RawBarStore) -> None:
        assert raw.append_raw([a_bar(close="105")], BarSource.WEBSOCKET) == [a_bar(close="105")]
        assert raw.append_raw([a_bar(close="106")], BarSource.WEBSOCKET) == []
        assert raw.raw_bars([BTC], Timeframe.H1, START, END) == [a_bar(close="105")]

    def test_what_another_source_told_before_is_no_news(self, raw: RawBarStore) -> None:
        raw.append_raw([a_bar()], BarSource.REST)
        second = a_bar(open_time=START + HOUR)
        assert raw.append_raw([second, a_bar()], BarSource.WEBSOCKET) == [second]

    def test_news_comes_back_in_the_order_given_and_once(self, raw: RawBarStore) -> None:
        first, second = a_bar(), a_bar(open_time=START + HOUR)
        assert raw.append_raw([second, first, second], BarSource.REST) == [second, first]
        assert raw.append_raw([], BarSource.REST) == []

    def test_bars_come_by_instrument_and_time(self, raw: RawBarStore) -> None:
        heard = walk(SOL, count=3) + walk(BTC, count=3)
        raw.append_raw(heard[::-1], BarSource.REST)
        for asked in ([BTC, SOL], [SOL, BTC]):
            assert raw.raw_bars(asked, Timeframe.H1, START, END) == heard[3:] + heard[:3]

    def test_a_range_holds_its_start_and_not_its_end(self, raw: RawBarStore) -> None:
        heard = walk(count=4)
        raw.append_raw(heard, BarSource.REST)
        assert raw.raw_bars([BTC], Timeframe.H1, START + HOUR, START + 3 * HOUR) == heard[1:3]
        assert raw.raw_bars([BTC], Timeframe.H1, START + HOUR, START + HOUR) == []

    def test_timeframes_and_instruments_are_kept_apart(self, raw: RawBarStore) -> None:
        raw.append_raw([a_bar(), a_bar(timeframe=Timeframe.M15)], BarSource.REST)
        assert raw.raw_bars([BTC], Timeframe.M15, START, END) == [a_bar(timeframe=Timeframe.M15)]
        assert raw.raw_bars([SOL], Timeframe.H1, START, END) == []

    def test_a_bar_is_its_best_sources(self, raw: RawBarStore) -> None:
        told = {"derived": "101", "file": "102", "rest": "103", "websocket": "104"}
        for source, close in told.items():
            raw.append_raw([a_bar(close=close)], BarSource(source))
            assert raw.raw_bars([BTC], Timeframe.H1, START, END) == [a_bar(close=close)]

    def test_the_newest_close_is_of_this_instrument_and_timeframe(self, raw: RawBarStore) -> None:
        assert raw.newest_raw_close(BTC, Timeframe.H1) is None
        raw.append_raw([*walk(count=4), *walk(SOL, count=9), a_bar(timeframe=Timeframe.D1)], BarSource.REST)
        assert raw.newest_raw_close(BTC, Timeframe.H1) == START + 4 * HOUR


class BarStoreContract(RawBarStoreContract):
    """Give the fixture ``store``, which is empty."""

    @pytest.fixture
    def raw(self, store: BarStore) -> RawBarStore:
        return store

    def test_a_second_telling_adds_nothing_and_the_first_word_stands(self, store: BarStore) -> None:
        assert store.append_raw([a_bar(close="105")], BarSource.WEBSOCKET) == [a_bar(close="105")]
        assert store.append_raw([a_bar(close="106")], BarSource.WEBSOCKET) == []
        store.consolidate(["BTCUSDT.BYBIT"], Timeframe.H1, START, END)
        assert store.frame(["BTCUSDT.BYBIT"], Timeframe.H1, START, END)["close"].tolist() == [105.0]

    def test_what_goes_in_comes_out_exactly(self, store: BarStore) -> None:
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

    def test_an_empty_range_keeps_the_frames_types(self, store: BarStore) -> None:
        store.append_raw(walk(count=3), BarSource.REST)
        store.consolidate(["BTCUSDT.BYBIT"], Timeframe.H1, START, END)
        full = store.frame(["BTCUSDT.BYBIT"], Timeframe.H1, START, END)
        empty = store.frame(["BTCUSDT.BYBIT"], Timeframe.M15, START, END)
        assert len(empty) == 0
        assert empty.dtypes.to_dict() == full.dtypes.to_dict()

    def test_consolidating_again_changes_nothing(self, store: BarStore) -> None:
        store.append_raw(walk(count=10), BarSource.REST)
        assert store.consolidate(["BTCUSDT.BYBIT"], Timeframe.H1, START, END) == 10
        assert store.consolidate(["BTCUSDT.BYBIT"], Timeframe.H1, START, END) == 0

    @pytest.mark.parametrize("order", [(BarSource.REST, BarSource.WEBSOCKET), (BarSource.WEBSOCKET, BarSource.REST)])
    def test_the_websocket_wins_whoever_came_first(self, store: BarStore, order: tuple[BarSource, BarSource]) -> None:
        closes = {BarSource.WEBSOCKET: "105", BarSource.REST: "104"}
        for source in order:
            store.append_raw([a_bar(close=closes[source])], source)
            store.consolidate(["BTCUSDT.BYBIT"], Timeframe.H1, START, END)
        assert store.frame(["BTCUSDT.BYBIT"], Timeframe.H1, START, END)["close"].tolist() == [105.0]

    def test_only_disagreeing_prices_are_a_conflict(self, store: BarStore) -> None:
        second = START + HOUR
        store.append_raw([a_bar(), a_bar(open_time=second)], BarSource.WEBSOCKET)
        store.append_raw([a_bar(volume="8"), a_bar(open_time=second, low="89")], BarSource.REST)
        [conflict] = store.conflicts(["BTCUSDT.BYBIT"], Timeframe.H1, START, END)
        assert (conflict.instrument_id, conflict.open_time) == ("BTCUSDT.BYBIT", second)
        assert conflict.detail == "rest 100/110/89/105, websocket 100/110/90/105"

    def test_missing_names_the_absent_open_times_of_each_symbol(self, store: BarStore) -> None:
        store.append_raw(walk(count=5) + without(walk("SOLUSDT.BYBIT", count=5), 0, 3), BarSource.REST)
        missing = store.missing(
            ["BTCUSDT.BYBIT", "SOLUSDT.BYBIT", "ADAUSDT.BYBIT"], Timeframe.H1, START, START + 5 * HOUR
        )
        assert missing == {
            "SOLUSDT.BYBIT": [START, START + 3 * HOUR],
            "ADAUSDT.BYBIT": [START + step * HOUR for step in range(5)],
        }

    def test_newest_and_first_bar_heard(self, store: BarStore) -> None:
        assert store.newest_raw_close("BTCUSDT.BYBIT", Timeframe.H1) is None
        store.append_raw(walk(count=4), BarSource.REST)
        assert store.newest_raw_close("BTCUSDT.BYBIT", Timeframe.H1) == START + 4 * HOUR
        assert store.first_raw_open("BTCUSDT.BYBIT", Timeframe.H1, START + 2 * HOUR) == START + 2 * HOUR
        assert store.first_raw_open("BTCUSDT.BYBIT", Timeframe.H1, END) is None

    def test_a_listing_is_replaced_by_what_the_venue_says_later(self, store: BarStore) -> None:
        for asked_from in (START + HOUR, START):
            store.record_first_available_bar(
                FirstAvailableBar("BTCUSDT.BYBIT", asked_from, START + 5 * HOUR), Timeframe.H1
            )
        found = store.first_available_bars(["BTCUSDT.BYBIT", "SOLUSDT.BYBIT"], Timeframe.H1)
        assert found == {"BTCUSDT.BYBIT": FirstAvailableBar("BTCUSDT.BYBIT", START, START + 5 * HOUR)}

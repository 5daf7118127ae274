"""What ``WaveStore`` promises of the waves that live bars open, whoever keeps them."""

from datetime import timedelta

import pytest

from trading_pipeline.domain.model.bars import BarSource
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.stores.market_data.bar_store import BarStore
from trading_pipeline.ports.stores.market_data.wave_store import WaveStore
from trading_pipeline_tests.testkit.builders import START, a_bar, walk

END = START + timedelta(days=30)
HOUR = timedelta(hours=1)


class WaveStoreContract:
    """Give the fixtures ``store`` and ``waves``, which are empty and one."""

    def test_nothing_heard_is_no_wave(self, waves: WaveStore) -> None:
        assert (waves.pending(), waves.at(START), waves.newest()) == ([], [], None)

    def test_waves_wait_oldest_first_and_shorter_timeframes_first(self, store: BarStore, waves: WaveStore) -> None:
        quarter = a_bar(open_time=START + HOUR - Timeframe.M15.duration, timeframe=Timeframe.M15)
        store.append_raw([a_bar(open_time=START + HOUR), a_bar(), quarter], BarSource.WEBSOCKET)
        assert [(wave.close_time, wave.timeframe) for wave in waves.pending()] == [
            (START + HOUR, Timeframe.M15),
            (START + HOUR, Timeframe.H1),
            (START + 2 * HOUR, Timeframe.H1),
        ]
        assert [wave.timeframe for wave in waves.at(START + 2 * HOUR)] == [Timeframe.H1]

    def test_a_wave_that_nobody_heard_cannot_be_computed(self, waves: WaveStore) -> None:
        assert not waves.mark_computed(START + HOUR, Timeframe.H1, ["BTCUSDT.BYBIT"], "run-1")
        assert waves.at(START + HOUR) == []

    def test_live_bars_open_waves_and_a_backfill_opens_none(self, store: BarStore, waves: WaveStore) -> None:
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

    def test_a_computed_wave_is_pending_no_more(self, store: BarStore, waves: WaveStore) -> None:
        store.append_raw([a_bar()], BarSource.WEBSOCKET)
        store.consolidate(["BTCUSDT.BYBIT"], Timeframe.H1, START, END)
        assert waves.mark_computed(START + HOUR, Timeframe.H1, ["BTCUSDT.BYBIT"], "run-1")
        assert waves.pending() == []
        assert waves.at(START + HOUR)[0].run_id == "run-1"

    def test_giving_up_a_close_is_news_once(self, store: BarStore, waves: WaveStore) -> None:
        store.append_raw([a_bar(), a_bar(open_time=START + HOUR)], BarSource.WEBSOCKET)
        assert [waves.give_up(START + HOUR) for _ in range(2)] == [True, False]
        assert [wave.close_time for wave in waves.pending()] == [START + 2 * HOUR]
        assert not waves.give_up(START + 3 * HOUR)

    def test_a_wave_given_up_may_still_be_computed(self, store: BarStore, waves: WaveStore) -> None:
        store.append_raw([a_bar()], BarSource.WEBSOCKET)
        store.consolidate(["BTCUSDT.BYBIT"], Timeframe.H1, START, END)
        waves.give_up(START + HOUR)
        assert waves.mark_computed(START + HOUR, Timeframe.H1, ["BTCUSDT.BYBIT"], "run-1")
        assert not waves.give_up(START + HOUR)

    def test_computed_waves_span_the_oldest_to_the_newest_of_a_timeframe(
        self, store: BarStore, waves: WaveStore
    ) -> None:
        store.append_raw(walk(count=3), BarSource.WEBSOCKET)
        assert waves.computed_span(Timeframe.H1) is None
        store.consolidate(["BTCUSDT.BYBIT"], Timeframe.H1, START, END)
        for hours in (1, 2):
            waves.mark_computed(START + hours * HOUR, Timeframe.H1, ["BTCUSDT.BYBIT"], "run-1")
        assert waves.computed_span(Timeframe.H1) == (START + HOUR, START + 2 * HOUR)
        assert waves.computed_span(Timeframe.M15) is None

    def test_a_wave_tells_its_failures_until_begun_again(self, store: BarStore, waves: WaveStore) -> None:
        store.append_raw([a_bar()], BarSource.WEBSOCKET)
        store.consolidate(["BTCUSDT.BYBIT"], Timeframe.H1, START, END)
        waves.begin(START + HOUR, Timeframe.H1, "rules")
        waves.note_unanswered(START + HOUR, Timeframe.H1, ["SOLUSDT.BYBIT"])
        waves.mark_computed(START + HOUR, Timeframe.H1, ["BTCUSDT.BYBIT"], "run-1")
        computed = waves.computed(START + HOUR, Timeframe.H1)
        assert computed is not None
        assert computed.unanswered == waves.newest_unanswered(Timeframe.H1) == {"SOLUSDT.BYBIT"}
        waves.begin(START + HOUR, Timeframe.H1, "rules")
        assert waves.newest_unanswered(Timeframe.H1) == set()
        assert waves.newest_unanswered(Timeframe.H4) == set()

    def test_a_late_bar_keeps_the_wave_pending(self, store: BarStore, waves: WaveStore) -> None:
        store.append_raw([a_bar()], BarSource.WEBSOCKET)
        store.consolidate(["BTCUSDT.BYBIT", "SOLUSDT.BYBIT"], Timeframe.H1, START, END)
        store.append_raw([a_bar("SOLUSDT.BYBIT")], BarSource.WEBSOCKET)
        assert not waves.mark_computed(START + HOUR, Timeframe.H1, ["BTCUSDT.BYBIT", "SOLUSDT.BYBIT"], "run-1")
        assert len(waves.pending()) == 1

    @pytest.mark.parametrize(("instrument_id", "pending"), [("SOLUSDT.BYBIT", 1), ("BTCUSDT.BYBIT", 0)])
    def test_only_a_bar_never_heard_reopens_a_computed_wave(
        self, store: BarStore, waves: WaveStore, instrument_id: str, pending: int
    ) -> None:
        store.append_raw([a_bar()], BarSource.WEBSOCKET)
        store.consolidate(["BTCUSDT.BYBIT"], Timeframe.H1, START, END)
        waves.mark_computed(START + HOUR, Timeframe.H1, ["BTCUSDT.BYBIT"], "run-1")
        store.append_raw([a_bar(instrument_id)], BarSource.REST, live=True)
        assert len(waves.pending()) == pending

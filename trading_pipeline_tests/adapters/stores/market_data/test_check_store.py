"""Verdicts of two runs about the same bars at the same time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import numpy as np
from sqlalchemy import Engine, text

from trading_pipeline.adapters.stores.market_data.check_store import PostgresCheckStore
from trading_pipeline.domain.model.checks import CheckName
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.judged_bars import JudgedBars
from trading_pipeline.domain.model.timeframes import Timeframe, to_ms
from trading_pipeline_tests.testkit.builders import START
from trading_pipeline_tests.testkit.databases import until_somebody_waits

BTC = InstrumentId("BTCUSDT.BYBIT")
_TOLD = text("""
    INSERT INTO trading.data_checks (instrument_id, timeframe, close_time, no_gap)
    VALUES ('BTCUSDT.BYBIT', '1h', :close_time, 'bars missing since then')
""")


def test_a_bar_that_another_run_judges_in_the_middle_of_it_has_the_later_verdict(database: Engine) -> None:
    closes = np.array([to_ms(START) + (hour + 1) * Timeframe.H1.ms for hour in range(50)])
    judged = JudgedBars(BTC, Timeframe.H1, closes, {name: {} for name in CheckName})
    store = PostgresCheckStore(database, "a run")
    with ThreadPoolExecutor(1) as pool:
        with database.begin() as other:
            other.execute(_TOLD, {"close_time": START + timedelta(hours=20)})
            saved = pool.submit(store.save, [judged])
            until_somebody_waits(database)
        assert saved.result(20) == 50
    assert store.failed_bars(Timeframe.H1) == []
    assert len(store.sound_bars([BTC], Timeframe.H1, START, START + timedelta(days=3))[BTC]) == 50


def test_verdicts_of_a_year_are_kept_beside_the_few_that_are_known(database: Engine) -> None:
    store = PostgresCheckStore(database, "a run")
    closes = np.array([to_ms(START) + (hour + 1) * Timeframe.H1.ms for hour in range(12_000)])
    passed = {name: dict[int, str]() for name in CheckName}
    store.save([JudgedBars(BTC, Timeframe.H1, closes[7_000:7_010], passed)])

    late = {11_999: "bars missing since then"}
    assert store.save([JudgedBars(BTC, Timeframe.H1, closes, {**passed, CheckName.NO_GAP: late})]) == 11_990
    assert [(one.bars, one.first_close) for one in store.failed_bars(Timeframe.H1)] == [
        (1, START + timedelta(hours=12_000))
    ]
    sound = store.sound_bars([BTC], Timeframe.H1, START, START + timedelta(hours=12_000))
    assert len(sound[BTC]) == 11_999

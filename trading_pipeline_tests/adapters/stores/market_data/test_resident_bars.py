"""A worker goes on with the windows of the wave before, and never with a bar that may have changed."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

import pandas as pd
import pytest
from sqlalchemy import Engine, text

from trading_pipeline.adapters.stores.market_data.bar_store import PostgresBarStore
from trading_pipeline.adapters.stores.market_data.resident_bars import Kept, ResidentBarStore
from trading_pipeline.adapters.stores.market_data.wave_store import PostgresWaveStore
from trading_pipeline.domain.model.bars import Bar, BarSource
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline_tests.testkit.builders import START, walk

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BTC, SOL = InstrumentId("BTCUSDT.BYBIT"), InstrumentId("SOLUSDT.BYBIT")
BARS = walk(BTC, count=10) + walk(SOL, count=10)


@dataclass
class Worker:
    """A process that computes one wave of 1h after the other."""

    engine: Engine
    kept: dict[Timeframe, Kept] = field(default_factory=dict)
    start: datetime = START

    @property
    def plain(self) -> PostgresBarStore:
        return PostgresBarStore(self.engine)

    def hear(self, *bars: Bar, source: BarSource = BarSource.WEBSOCKET) -> None:
        self.plain.append_raw(bars, source)

    def wave(self, hour: int) -> pd.DataFrame:
        """What a run of the wave reads, the bars of the close consolidated as it does."""
        close = START + hour * HOUR
        self.hear(*(bar for bar in BARS if bar.close_time == close))
        store = ResidentBarStore(self.engine, kept=self.kept)
        store.resume(Timeframe.H1, PostgresWaveStore(self.engine).begin(close, Timeframe.H1, "code"))
        store.consolidate([BTC, SOL], Timeframe.H1, close - HOUR, close)
        return store.frame([SOL, BTC], Timeframe.H1, self.start, close)

    def stored(self, hour: int) -> pd.DataFrame:
        return self.plain.frame([BTC, SOL], Timeframe.H1, self.start, START + hour * HOUR)

    def spoil(self) -> None:
        """Change a stored bar as nothing of the system does, so that it shows who reads it again."""
        with self.engine.begin() as connection:
            connection.execute(
                text("UPDATE trading.bars SET volume = 12345 WHERE open_time = :first"), {"first": START}
            )


@pytest.fixture
def worker(database: Engine) -> Worker:
    return Worker(database)


def reread(frame: pd.DataFrame) -> set[str]:
    return set(frame[frame["volume"] == 12345]["instrument_id"])


def test_every_wave_reads_what_is_stored(worker: Worker) -> None:
    for hour in range(1, 8):
        pd.testing.assert_frame_equal(worker.wave(hour), worker.stored(hour))


def test_only_what_came_since_the_last_wave_is_read(worker: Worker) -> None:
    worker.wave(1)
    worker.wave(2)
    worker.spoil()
    assert reread(worker.wave(3)) == set()


def test_another_process_reads_everything(worker: Worker) -> None:
    worker.wave(1)
    worker.spoil()
    worker.kept.clear()
    assert reread(worker.wave(2)) == {BTC, SOL}


def test_a_revised_bar_has_its_instrument_read_anew(worker: Worker) -> None:
    worker.wave(1)
    worker.wave(2)
    worker.spoil()
    worker.hear(replace(BARS[1], close=Decimal(100)), source=BarSource.REST)
    assert reread(worker.wave(3)) == {BTC}


def test_a_window_that_reaches_further_back_is_read_anew(worker: Worker) -> None:
    worker.start = START + HOUR
    worker.wave(2)
    worker.start = START
    worker.hear(*(bar for bar in BARS if bar.close_time == START + HOUR))
    worker.plain.consolidate([BTC, SOL], Timeframe.H1, START, START + HOUR)
    pd.testing.assert_frame_equal(worker.wave(3), worker.stored(3))


def test_bars_that_open_before_the_window_are_let_go(worker: Worker) -> None:
    for hour in range(1, 6):
        worker.wave(hour)
    worker.start = START + 3 * HOUR
    worker.wave(6)
    assert {window.start for window in worker.kept[Timeframe.H1].windows.values()} == {worker.start}


def test_nothing_is_kept_before_the_bars_of_the_wave_are_consolidated(worker: Worker) -> None:
    worker.hear(*BARS)
    close = START + HOUR
    store = ResidentBarStore(worker.engine, kept=worker.kept)
    store.resume(Timeframe.H1, PostgresWaveStore(worker.engine).begin(close, Timeframe.H1, "code"))
    store.frame([BTC, SOL], Timeframe.H1, START, close)
    assert not worker.kept
    store.consolidate([BTC, SOL], Timeframe.H1, START, close)
    assert len(store.frame([BTC, SOL], Timeframe.H1, START, close)) == 2


def test_outages_are_asked_for_once_and_again_when_the_run_changes_them(worker: Worker) -> None:
    store = ResidentBarStore(worker.engine)
    lost = BARS[3]
    assert store.outages([BTC], Timeframe.H1) == {}
    for hour in (0, 1):
        absent = [lost.open_time]
        store.note_absent(BTC, Timeframe.H1, absent, START + DAY + hour * HOUR, "no such bar", timedelta(minutes=5))
    found = store.outages([BTC], Timeframe.H1)
    assert [one.first_open for one in found[BTC]] == [lost.open_time]
    worker.hear(lost)
    assert store.outages([BTC], Timeframe.H1) == found, "what others do meanwhile is the next run's to see"
    store.append_raw([lost], BarSource.REST)
    assert store.outages([BTC], Timeframe.H1) == {}


_HISTORY = """
INSERT INTO trading.raw_bars
    (instrument_id, timeframe, open_time, close_time, open, high, low, close, volume, turnover, source)
SELECT 'OLD.BYBIT', '1m', opens, opens + interval '1 minute', 1, 1, 1, 1, 1, 1, 'rest'
FROM generate_series(timestamptz '2020-01-01', '2020-01-15', interval '1 minute') AS opens
"""
_READ = """
EXPLAIN (ANALYZE, FORMAT JSON) SELECT count(*) FROM trading.raw_bars
WHERE heard_in >= pg_snapshot_xmin(pg_current_snapshot())::text::bigint
"""


def test_history_that_came_at_once_is_not_read_by_who_asks_for_news(database: Engine) -> None:
    def looked_at() -> int:
        with database.connect() as connection:
            connection.exec_driver_sql("SET enable_seqscan = off")
            (plan,) = connection.exec_driver_sql(_READ).scalar_one()
        scan = plan["Plan"]["Plans"][0]
        return int(scan["Rows Removed by Index Recheck"])

    with database.begin() as connection:
        connection.exec_driver_sql(_HISTORY)
    before = looked_at()
    PostgresBarStore(database).sum_up()
    assert before > 10_000
    assert looked_at() == 0


def test_who_finds_the_table_at_work_leaves_it_alone(database: Engine) -> None:
    with database.begin() as connection:
        connection.exec_driver_sql("LOCK trading.raw_bars IN SHARE UPDATE EXCLUSIVE MODE")
        PostgresBarStore(database).sum_up()

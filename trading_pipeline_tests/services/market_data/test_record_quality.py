"""What is noticed is kept once and told once."""

from datetime import timedelta

from sqlalchemy import Engine

from trading_pipeline.adapters.stores.market_data.bar_store import PostgresBarStore
from trading_pipeline.adapters.stores.market_data.check_store import PostgresCheckStore
from trading_pipeline.adapters.stores.market_data.quality_store import PostgresQualityStore
from trading_pipeline.domain.model.bars import BarSource
from trading_pipeline.domain.model.events import QualityNoted
from trading_pipeline.domain.model.quality import QualityEvent, QualityKind, Severity
from trading_pipeline.services.market_data.record_quality import record_quality
from trading_pipeline.services.market_data.refresh_bars import refresh_bars
from trading_pipeline_tests.testkit.builders import START, a_range, walk, without
from trading_pipeline_tests.testkit.fakes_market_data import ListStream, RecordedMarketData

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_a_fact_is_told_once_however_often_it_is_noticed(database: Engine) -> None:
    store, stream = PostgresQualityStore(database, "run-1"), ListStream()
    event = QualityEvent(QualityKind.WS_RECONNECT, Severity.INFO, START, detail={"connect_count": 2})
    for _ in range(2):
        record_quality(store, stream, [event, event])
    assert stream.published == [QualityNoted(event)]
    assert store.since(START) == [event]
    assert store.since(START + HOUR) == []


def test_history_is_kept_and_wakes_nobody(database: Engine) -> None:
    store = PostgresQualityStore(database)
    assert record_quality(store, None, [QualityEvent(QualityKind.PRICE_JUMP, Severity.INFO, START)])
    assert len(store.since(START)) == 1


def test_what_a_year_of_minutes_has_noticed_is_kept_at_once(database: Engine) -> None:
    store = PostgresQualityStore(database)
    year = [
        QualityEvent(QualityKind.VOLUME_ANOMALY, Severity.INFO, START + timedelta(minutes=minute))
        for minute in range(7_000)
    ]
    assert len(record_quality(store, None, year)) == 7_000
    assert record_quality(store, None, year) == []
    assert len(store.since(START)) == 7_000


def test_a_wave_notices_missing_late_and_lost_bars(database: Engine) -> None:
    bars, checks = PostgresBarStore(database), PostgresCheckStore(database)
    day = walk(count=24)
    bars.append_raw(without(day, 5, 6, 7), BarSource.WEBSOCKET)
    venue = RecordedMarketData(without(day, 5, 6), START + DAY)
    heard = []
    for minutes in (1, 7):
        now = START + DAY + timedelta(minutes=minutes)
        report = refresh_bars(bars, checks, venue, a_range(), now, wave=START + DAY)
        heard.append([event for event in report.noticed if event.kind is not QualityKind.VOLUME_ANOMALY])
    kinds = [[event.kind for event in events] for events in heard]
    assert kinds == [
        [QualityKind.DATA_GAP, QualityKind.BACKFILL_DONE],
        [QualityKind.OUTAGE, QualityKind.DATA_LAG],
    ]
    assert heard[0][0].detail["missing_bars"] == 2
    assert heard[0][1].detail["filled_bars"] == 1
    assert heard[1][0].detail["lost_bars"] == 2
    assert heard[1][1].detail == {"close_time_ms": 1740873600000, "lag_ms": 420_000, "threshold_ms": 180_000}


def test_a_backfill_notices_no_gap_and_no_lag(database: Engine) -> None:
    venue = RecordedMarketData(walk(count=24), START + 9 * DAY)
    bars, checks = PostgresBarStore(database), PostgresCheckStore(database)
    report = refresh_bars(bars, checks, venue, a_range(), START + 9 * DAY)
    assert {event.kind for event in report.noticed} <= {QualityKind.VOLUME_ANOMALY, QualityKind.PRICE_JUMP}

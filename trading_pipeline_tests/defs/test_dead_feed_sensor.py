"""What the operator hears of a feed that dies, by what it left in the database."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import dagster as dg
import pytest
from sqlalchemy import text

from trading_pipeline.defs.operations.feed_sensor import dead_feed_sensor
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.notifications import Severity
from trading_pipeline_tests.defs.pipeline_stage import DAY, INSTRUMENT_IDS, HeardAlerts, PipelineStage

CLOSE = DAY + Timeframe.M15.duration
UP, DOWN = "feed.public up, feed.private up", "feed.public down, feed.private up"


@dataclass
class Operator:
    """Listens while the sensor ticks; everything the sensor knows is its cursor, as after a restart."""

    stage: PipelineStage
    alerts: HeardAlerts = field(default_factory=HeardAlerts)
    cursor: str | None = None

    def hears(self) -> list[tuple[Severity, str]]:
        """Severities and subjects of the next tick."""
        before = len(self.alerts.postbox.messages)
        resources = {**self.stage.resources(), "alerts": dg.ResourceDefinition.hardcoded_resource(self.alerts)}
        with dg.build_sensor_context(instance=self.stage.instance, cursor=self.cursor, resources=resources) as context:
            result = dead_feed_sensor(context)
        assert isinstance(result, dg.SensorResult)
        self.cursor = result.cursor
        return [(severity, subject) for severity, subject, _ in self.alerts.postbox.messages[before:]]


@pytest.fixture
def operator(stage: PipelineStage) -> Iterator[Operator]:
    """Of a feed that is well and has just brought the bars of a close."""
    stage.hear(INSTRUMENT_IDS, Timeframe.M15, CLOSE)
    beat(stage, UP)
    at(stage, CLOSE)
    operator = Operator(stage)
    assert operator.hears() == []
    return operator


def beat(stage: PipelineStage, detail: str, age_s: int = 0) -> None:
    """Have the feed's last sign of life be so old."""
    with stage.engine.begin() as connection:
        upsert = text(
            "INSERT INTO trading.heartbeats (component, detail, beat_at) VALUES ('feed', :detail, :at)"
            " ON CONFLICT (component) DO UPDATE SET detail = excluded.detail, beat_at = excluded.beat_at"
        )
        now = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        connection.execute(upsert, {"detail": detail, "at": now - timedelta(seconds=age_s)})


def at(stage: PipelineStage, venue_time: datetime) -> None:
    stage.markets.data.time = venue_time


def test_a_stopped_feed_is_told_once_each_way(operator: Operator) -> None:
    beat(operator.stage, UP, age_s=21)
    assert [operator.hears() for _ in range(4)] == [[], [(Severity.CRITICAL, "dead feed: feed")], [], []]
    beat(operator.stage, UP)
    assert [operator.hears() for _ in range(2)] == [[(Severity.INFO, "feed is back: feed")], []]


def test_a_stream_without_connection_is_named_although_the_feed_lives(operator: Operator) -> None:
    beat(operator.stage, DOWN)
    assert [operator.hears() for _ in range(2)] == [[], [(Severity.CRITICAL, "dead feed: feed.public")]]


def test_a_short_disconnection_is_no_news(operator: Operator) -> None:
    for detail in (DOWN, UP, DOWN, UP):
        beat(operator.stage, detail)
        assert operator.hears() == []


def test_a_feed_without_bars_is_told_of(operator: Operator) -> None:
    at(operator.stage, CLOSE + timedelta(minutes=17))
    assert [operator.hears() for _ in range(2)] == [[], []]
    at(operator.stage, CLOSE + timedelta(minutes=17, seconds=1))
    assert [operator.hears() for _ in range(3)] == [[], [(Severity.CRITICAL, "dead feed: bars")], []]
    (*_, (_, _, body)) = operator.alerts.postbox.messages
    assert body.startswith("no bar was heard since the close of 2025-01-02 00:15 UTC.")
    operator.stage.hear(INSTRUMENT_IDS, Timeframe.M15, CLOSE + Timeframe.M15.duration)
    assert operator.hears() == [(Severity.INFO, "feed is back: bars")]


def test_a_stopped_feeds_missing_bars_are_no_news(operator: Operator) -> None:
    beat(operator.stage, UP, age_s=21)
    at(operator.stage, CLOSE + timedelta(hours=1))
    assert [operator.hears() for _ in range(3)] == [[], [(Severity.CRITICAL, "dead feed: feed")], []]
    beat(operator.stage, UP)
    assert operator.hears() == []
    at(operator.stage, CLOSE)
    assert operator.hears() == [(Severity.INFO, "feed is back: feed")]


def test_a_feed_that_stops_is_no_sign_that_bars_are_back(operator: Operator) -> None:
    at(operator.stage, CLOSE + timedelta(hours=1))
    for _ in range(2):
        operator.hears()
    beat(operator.stage, UP, age_s=21)
    assert [operator.hears() for _ in range(2)] == [[], [(Severity.CRITICAL, "dead feed: feed")]]


def test_an_unreadable_venue_clock_proves_no_bars(operator: Operator) -> None:
    at(operator.stage, CLOSE + timedelta(hours=1))
    for _ in range(2):
        operator.hears()
    operator.stage.markets.data.silent = True
    assert operator.hears() == []


def test_a_system_that_has_heard_nothing_yet_is_not_late(stage: PipelineStage) -> None:
    operator = Operator(stage)
    beat(stage, UP)
    assert [operator.hears() for _ in range(2)] == [[], []]

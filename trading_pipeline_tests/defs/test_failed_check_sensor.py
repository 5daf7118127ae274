"""What the operator hears of checks, with the check asked by real runs."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import dagster as dg
import pytest
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationPlanned
from sqlalchemy import text

from trading_pipeline.definitions import defs
from trading_pipeline.defs.operations.check_sensor import failed_check_sensor
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.notifications import Severity
from trading_pipeline_tests.defs.pipeline_stage import DAY, HeardAlerts, PipelineStage, two_days_of_bars, utc

REPOSITORY = defs.get_repository_def()
BARS_1H = [dg.AssetKey("bars_1h")]
BTC, SOL = "BTCUSDT.BYBIT", "SOLUSDT.BYBIT"


@dataclass
class Operator:
    """Listens while the sensor ticks; everything the sensor knows is its cursor, as after a restart."""

    stage: PipelineStage
    alerts: HeardAlerts = field(default_factory=HeardAlerts)
    cursor: str | None = None

    def hears(self) -> list[tuple[Severity, str, str]]:
        """Messages of the next tick."""
        before = len(self.alerts.postbox.messages)
        resources = {"alerts": dg.ResourceDefinition.hardcoded_resource(self.alerts)}
        with dg.build_sensor_context(
            instance=self.stage.instance, cursor=self.cursor, repository_def=REPOSITORY, resources=resources
        ) as context:
            result = failed_check_sensor(context)
        assert isinstance(result, dg.SensorResult)
        self.cursor = result.cursor
        return self.alerts.postbox.messages[before:]


@pytest.fixture
def operator(stage: PipelineStage) -> Iterator[Operator]:
    """Of a system whose bars of 1h are sound."""
    stage.materialize(BARS_1H)
    operator = Operator(stage)
    assert operator.hears() == []
    return operator


def break_bar(stage: PipelineStage, instrument_id: str, opens: datetime) -> None:
    """Have the venue's word make no sense."""
    with stage.engine.begin() as connection:
        broken = text(
            "UPDATE trading.raw_bars SET high = low - 1"
            " WHERE instrument_id = :name AND timeframe = '1h' AND open_time = :at"
        )
        connection.execute(broken, {"name": instrument_id, "at": opens})


def cure(stage: PipelineStage) -> None:
    """Have it asked for again."""
    with stage.engine.begin() as connection:
        connection.execute(text("DELETE FROM trading.raw_bars WHERE high < low"))


def test_a_broken_bar_is_one_full_message(operator: Operator) -> None:
    break_bar(operator.stage, BTC, DAY + timedelta(hours=3))
    run = operator.stage.materialize(BARS_1H)
    ((severity, subject, body),) = operator.hears()
    assert (severity, subject) == (Severity.WARNING, "check failed: bars_1h ohlc_sane")
    assert body.startswith("BTCUSDT.BYBIT 1h: impossible bar at 2025-01-02T03:00:00+00:00: open ")
    assert "1 bars, closing from 2025-01-02 04:00 to 2025-01-02 04:00" in body
    assert "It fails 1 bars of BTCUSDT.BYBIT in all" in body
    assert f"Asked by run {run.run_id}; in the Dagster UI: Assets, bars_1h, Checks, ohlc_sane" in body


def test_it_is_not_said_again_while_it_stands_whatever_is_materialised(operator: Operator) -> None:
    break_bar(operator.stage, BTC, DAY + timedelta(hours=3))
    operator.stage.materialize(BARS_1H)
    assert len(operator.hears()) == 1
    operator.stage.materialize(BARS_1H, instruments=(SOL,))
    assert operator.hears() == []
    operator.stage.materialize(BARS_1H)
    assert operator.hears() == []
    assert "bars_1h ohlc_sane" in str(operator.cursor)


def test_a_cured_bar_is_one_message(operator: Operator) -> None:
    break_bar(operator.stage, BTC, DAY + timedelta(hours=3))
    operator.stage.materialize(BARS_1H)
    operator.hears()
    cure(operator.stage)
    operator.stage.materialize(BARS_1H)
    ((severity, subject, body),) = operator.hears()
    assert (severity, subject) == (Severity.INFO, "check passes again: bars_1h ohlc_sane")
    assert body.startswith("BTCUSDT.BYBIT: nothing is wrong any more.")
    assert operator.hears() == []


def test_another_broken_instrument_alone_is_news(operator: Operator) -> None:
    break_bar(operator.stage, BTC, DAY + timedelta(hours=3))
    operator.stage.materialize(BARS_1H)
    operator.hears()
    break_bar(operator.stage, SOL, DAY + timedelta(hours=20))
    operator.stage.materialize(BARS_1H)
    ((_, _, body),) = operator.hears()
    assert body.startswith("SOLUSDT.BYBIT 1h: impossible bar at 2025-01-02T20:00:00+00:00")
    assert "impossible bar at 2025-01-02T03" not in body


def test_failing_again_about_a_bar_says_nothing_new(operator: Operator) -> None:
    stage = operator.stage
    break_bar(stage, BTC, DAY + timedelta(hours=22))
    stage.answer_with(bar for bar in two_days_of_bars() if bar.close_time <= DAY + timedelta(hours=23))
    stage.markets.data.time = DAY + timedelta(hours=23)
    with stage.engine.begin() as connection:
        for table in ("data_checks", "bars", "raw_bars"):
            connection.execute(
                text(f"DELETE FROM trading.{table} WHERE close_time > :at"), {"at": stage.markets.data.time}
            )
    stage.materialize(BARS_1H)
    assert len(operator.hears()) == 1
    midnight = DAY + timedelta(days=1)
    stage.answer_with(two_days_of_bars())
    stage.hear([BTC, SOL, "ADAUSDT.BYBIT"], Timeframe.H1, midnight)
    stage.materialize(BARS_1H, wave=utc(midnight))
    assert stage.rows("SELECT count(*) FROM data_checks WHERE ohlc_sane <> ''") == [(1,)]
    assert operator.hears() == []


def test_bars_missing_at_the_end_are_one_problem(operator: Operator) -> None:
    stage = operator.stage
    with stage.engine.begin() as connection:
        connection.execute(
            text("DELETE FROM trading.raw_bars WHERE instrument_id = :name AND open_time >= :at"),
            {"name": BTC, "at": DAY + timedelta(hours=21)},
        )
    stage.answer_with(bar for bar in two_days_of_bars() if bar.instrument_id != BTC)
    heard = []
    for last in (22, 23):
        stage.markets.data.time = DAY + timedelta(hours=last)
        stage.materialize(BARS_1H)
        heard += operator.hears()
    ((_, subject, body),) = heard
    assert subject == "check failed: bars_1h no_gap"
    assert "BTCUSDT.BYBIT 1h: 1 bars missing" in body


def test_an_unfinished_run_hides_no_earlier_verdict(operator: Operator) -> None:
    break_bar(operator.stage, BTC, DAY + timedelta(hours=3))
    operator.stage.materialize(BARS_1H)
    planned = dg.DagsterEvent(
        dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED.value,
        job_name="bar_close",
        event_specific_data=AssetCheckEvaluationPlanned(asset_key=BARS_1H[0], check_name="ohlc_sane"),
    )
    operator.stage.instance.report_dagster_event(planned, str(uuid.uuid4()))
    assert [subject for _, subject, _ in operator.hears()] == ["check failed: bars_1h ohlc_sane"]

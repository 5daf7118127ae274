from datetime import datetime, timedelta
from typing import NamedTuple

import dagster as dg
import pytest
from sqlalchemy import Engine, text

from trading_pipeline.adapters.stores.market_data.raw_bar_store import PostgresRawBarStore
from trading_pipeline.domain.model.checks import CheckName
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline_tests.defs.pipeline_stage import (
    ASSETS,
    DAY,
    INSTRUMENT_IDS,
    PipelineStage,
    by_instrument,
    metadata_of,
    two_days_of_bars,
    utc,
)
from trading_pipeline_tests.testkit.market_vertical import Vertical


def evaluation(result: dg.ExecuteInProcessResult, asset: str, check: CheckName) -> dg.AssetCheckEvaluation:
    return next(
        one
        for one in result.get_asset_check_evaluations()
        if one.asset_key == dg.AssetKey(asset) and one.check_name == check
    )


class Computed(NamedTuple):
    """A day of every timeframe, backfilled."""

    stage: PipelineStage
    result: dg.ExecuteInProcessResult


@pytest.fixture(scope="module")
def computed(module_database: Engine, redis_url: str) -> Computed:
    """For tests that only look."""
    url = module_database.url.render_as_string(hide_password=False)
    stage = PipelineStage(module_database, url, redis_url)
    return Computed(stage, stage.materialize())


def test_a_backfill_fetches_what_is_missing_and_computes_every_stage(computed: Computed) -> None:
    result = computed.result
    assert {one.asset_key for one in result.get_asset_materialization_events()} == set(ASSETS)
    metadata = metadata_of(result, "bars_15m")
    assert by_instrument(result, "bars_15m", "dagster/row_count") == dict.fromkeys(INSTRUMENT_IDS, 96)
    assert metadata["last_close"] == utc(DAY + timedelta(days=1))
    assert metadata["gaps_healed"] == dict.fromkeys(INSTRUMENT_IDS, 192)
    pictures = by_instrument(result, "bars_15m", "prices")
    assert pictures.keys() == set(INSTRUMENT_IDS)
    assert all(
        str(picture).startswith(f"**{name}** ![{name}](data:image/svg+xml") for name, picture in pictures.items()
    )
    assert by_instrument(result, "indicator_snapshots_1h", "dagster/row_count") == dict.fromkeys(INSTRUMENT_IDS, 24)
    assert all(check.passed for check in result.get_asset_check_evaluations())


def test_higher_timeframes_are_there_before_the_signals(computed: Computed) -> None:
    order = [str(one.asset_key.path[0]) for one in computed.result.get_asset_materialization_events() if one.asset_key]
    for low, high in (("15m", "1h"), ("15m", "4h"), ("1h", "4h")):
        assert order.index(f"bars_{high}") < order.index(f"signals_{low}")


def test_a_backfill_without_a_wave_leaves_history_that_nobody_executes(computed: Computed) -> None:
    stage = computed.stage
    statuses = dict(stage.rows("SELECT status, count(*) FROM trade_plans GROUP BY 1"))
    assert list(statuses) == ["historical"]
    assert stage.rows("SELECT DISTINCT live FROM signals") == [(False,)]
    assert not stage.rows("SELECT FROM waves")


def test_signals_are_counted_by_what_they_are_about(computed: Computed) -> None:
    stage, result = computed
    stored = dict(stage.rows("SELECT kind, count(*) FROM signals WHERE timeframe = '15m' GROUP BY 1"))
    metadata = metadata_of(result, "signals_15m")
    assert (metadata["entries"], metadata["exits"]) == (stored["entry"], stored["exit"])
    for asset, table in (("signals_15m", "signals"), ("trade_plans_15m", "trade_plans")):
        counted = stage.rows(f"SELECT instrument_id, count(*) FROM {table} WHERE timeframe = '15m' GROUP BY 1")
        assert by_instrument(result, asset, "dagster/row_count") == dict.fromkeys(INSTRUMENT_IDS, 0) | dict(counted)


def a_plan(stage: PipelineStage) -> tuple[str, datetime]:
    (plan_id, close), *_ = stage.rows(
        "SELECT plan_id, close_time FROM trade_plans WHERE timeframe = '15m' ORDER BY close_time"
    )
    assert isinstance(close, datetime)
    return str(plan_id), close


def test_a_waves_own_plans_and_exits_become_executable(stage: PipelineStage) -> None:
    stage.materialize()
    plan_id, close = a_plan(stage)
    stage.hear(INSTRUMENT_IDS, Timeframe.M15, close)
    result = stage.materialize([key for key in ASSETS if key.path[0].endswith("15m")], wave=utc(close))
    fresh = stage.rows("SELECT plan_id, close_time FROM trade_plans WHERE status = 'new'")
    assert plan_id in {one for one, _ in fresh}
    assert {at for _, at in fresh} == {close}
    assert metadata_of(result, "trade_plans_15m")["executable"] == len(fresh)
    assert stage.rows("SELECT timeframe, run_id FROM waves WHERE computed_at IS NOT NULL") == [("15m", result.run_id)]
    assert set(stage.rows("SELECT DISTINCT live FROM signals WHERE timeframe = '15m'")) == {(True,)}
    assert set(stage.rows("SELECT DISTINCT live FROM signals WHERE timeframe <> '15m'")) <= {(False,)}


def test_a_wave_is_computed_in_every_timeframe_before_dagster_is_told_of_a_plan(stage: PipelineStage) -> None:
    close = DAY + timedelta(hours=4)
    closing = (Timeframe.M15, Timeframe.H1, Timeframe.H4)
    for timeframe in closing:
        stage.hear(INSTRUMENT_IDS, timeframe, close)
    wanted = [key for key in ASSETS if key.path[0].rpartition("_")[2] in closing]
    result = stage.materialize(wanted, wave=utc(close))
    computed = stage.rows("SELECT count(*), extract(epoch FROM max(computed_at))::float8 FROM waves")
    told = [
        entry.timestamp
        for entry in stage.instance.all_logs(result.run_id)
        if entry.dagster_event and entry.dagster_event.is_step_materialization and entry.step_key == "trade_plans"
    ]
    assert computed[0][0] == len(closing)
    assert float(str(computed[0][1])) <= min(told)


def test_a_rerun_writes_not_one_row(stage: PipelineStage) -> None:
    stage.materialize()
    written = Vertical(stage.engine).versions()
    result = stage.materialize()
    assert Vertical(stage.engine).versions() == written
    assert metadata_of(result, "trade_plans_15m")["rows_changed"] == 0


def test_a_lasting_gap_stops_its_symbol_alone(stage: PipelineStage) -> None:
    hole = DAY + timedelta(hours=12)
    bars = [
        bar
        for bar in two_days_of_bars()
        if not (bar.instrument_id == "SOLUSDT.BYBIT" and bar.timeframe is Timeframe.H1 and bar.open_time == hole)
    ]
    stage.answer_with(bars)
    result = stage.materialize()
    check = evaluation(result, "bars_1h", CheckName.NO_GAP)
    assert not check.passed
    assert check.metadata["instrument_ids"].value == ["SOLUSDT.BYBIT"]
    assert check.metadata["bars_failed"].value == 11
    assert check.metadata["bars_missing"].value == 1
    named = check.metadata["reasons"].value
    assert isinstance(named, list)
    assert named[0] == "SOLUSDT.BYBIT 1h: 1 bars missing, opening from 2025-01-02 12:00 to 2025-01-02 12:00"
    assert named[1:] == [
        "SOLUSDT.BYBIT 1h: bars missing since 2025-01-02T12:00:00+00:00: 11 bars, closing from 2025-01-02 14:00"
        " to 2025-01-03 00:00"
    ]
    assert metadata_of(result, "signals_1h")["unsound_instruments"] == ["SOLUSDT.BYBIT"]
    last = dict(
        stage.rows("SELECT instrument_id, max(close_time) FROM indicator_snapshots WHERE timeframe = '1h' GROUP BY 1")
    )
    assert last == {
        "BTCUSDT.BYBIT": DAY + timedelta(days=1),
        "ADAUSDT.BYBIT": DAY + timedelta(days=1),
        "SOLUSDT.BYBIT": hole,
    }
    assert evaluation(result, "bars_15m", CheckName.NO_GAP).passed


def test_what_the_venue_has_lost_stands_in_the_metadata_with_its_answers(stage: PipelineStage) -> None:
    hole, sol = DAY + timedelta(hours=12), InstrumentId("SOLUSDT.BYBIT")
    lost = (sol, Timeframe.H1, hole)
    stage.answer_with(bar for bar in two_days_of_bars() if (bar.instrument_id, bar.timeframe, bar.open_time) != lost)
    for minutes in (0, 6):
        asked_at = hole + timedelta(hours=2, minutes=minutes)
        PostgresRawBarStore(stage.engine).note_absent(
            sol, Timeframe.H1, [hole], asked_at, f"none at {minutes}", timedelta(minutes=5)
        )
    result = stage.materialize([dg.AssetKey("bars_1h"), dg.AssetKey("bars_15m")])
    table = metadata_of(result, "bars_1h")["outages"]
    assert isinstance(table, dg.TableMetadataValue)
    (row,) = table.records
    assert (row.data["instrument_id"], row.data["first_open"], row.data["bars"]) == (sol, utc(hole), 1)
    assert row.data["answer"] == "none at 0; none at 6"
    assert "outages" not in metadata_of(result, "bars_15m")


def test_an_unanswered_symbol_is_named_with_the_reason(stage: PipelineStage) -> None:
    stage.answer_with(two_days_of_bars(), failing=frozenset({"ADAUSDT.BYBIT"}))
    result = stage.materialize()
    check = evaluation(result, "bars_15m", CheckName.NO_GAP)
    assert check.metadata["not_fetched"].value == {"ADAUSDT.BYBIT": "ADAUSDT.BYBIT: no answer within 10 s"}
    assert not check.passed
    assert check.metadata["instrument_ids"].value == ["ADAUSDT.BYBIT"]
    counts = by_instrument(result, "bars_15m", "dagster/row_count")
    assert sorted(counts.values(), key=str) == [*[0] * (len(INSTRUMENT_IDS) - 2), 96, 96]


def test_a_missing_last_bar_fails_the_check(stage: PipelineStage) -> None:
    end = DAY + timedelta(days=1)
    stage.answer_with(
        bar for bar in two_days_of_bars() if not (bar.instrument_id == "BTCUSDT.BYBIT" and bar.close_time == end)
    )
    check = evaluation(stage.materialize(), "bars_15m", CheckName.NO_GAP)
    assert not check.passed
    assert check.metadata["instrument_ids"].value == ["BTCUSDT.BYBIT"]
    assert check.metadata["bars_missing"].value == 1


def test_a_broken_bar_stays_red_until_cured(stage: PipelineStage) -> None:
    stage.materialize()
    with stage.engine.begin() as connection:
        broken = text(
            "UPDATE trading.raw_bars SET high = low - 1"
            " WHERE instrument_id = 'BTCUSDT.BYBIT' AND timeframe = '1h' AND open_time = :at"
        )
        connection.execute(broken, {"at": DAY + timedelta(hours=3)})
    bars_1h = [dg.AssetKey("bars_1h")]
    check = evaluation(stage.materialize(bars_1h), "bars_1h", CheckName.OHLC_SANE)
    assert (check.passed, check.metadata["bars_failed"].value) == (False, 1)
    assert isinstance(check.metadata["reasons"].value, list)
    assert len(check.metadata["reasons"].value) == 1
    other = stage.materialize(bars_1h, instruments=("SOLUSDT.BYBIT",))
    assert not evaluation(other, "bars_1h", CheckName.OHLC_SANE).passed
    with stage.engine.begin() as connection:
        connection.execute(text("DELETE FROM trading.raw_bars WHERE high < low"))
    assert evaluation(stage.materialize(bars_1h), "bars_1h", CheckName.OHLC_SANE).passed

"""Backtests by partition, parity and calibration on stored bars."""

from datetime import timedelta
from decimal import Decimal

import dagster as dg
import pytest

from trading_pipeline.adapters.stores.accounting.equity_store import PostgresEquityLog
from trading_pipeline.adapters.stores.market_data.bar_store import PostgresBarStore
from trading_pipeline.adapters.stores.market_data.raw_bar_store import PostgresRawBarStore
from trading_pipeline.defs.market_data.partitions import UNIVERSE
from trading_pipeline.defs.research.backtests import STRATEGY_GRID, backtests
from trading_pipeline.defs.research.calibration import avi5_calibration
from trading_pipeline.defs.research.parity import parity
from trading_pipeline.domain.model.bars import BarSource
from trading_pipeline.domain.strategies.registry import strategy_names
from trading_pipeline_tests.defs.pipeline_stage import INSTRUMENT_IDS, NOW, PipelineStage, metadata_of, two_days_of_bars
from trading_pipeline_tests.testkit.builders import ACCOUNT, usdt_wallet


@pytest.fixture
def filled(stage: PipelineStage) -> PipelineStage:
    PostgresRawBarStore(stage.engine).append_raw(two_days_of_bars(), BarSource.FILE)
    for timeframe in UNIVERSE.timeframes:
        PostgresBarStore(stage.engine).consolidate(INSTRUMENT_IDS, timeframe, UNIVERSE.history_start, NOW)
    return stage


def _materialize(stage: PipelineStage, asset: dg.AssetsDefinition, key: str | None = None) -> dg.ExecuteInProcessResult:
    wanted = {name: stage.resources()[name] for name in ("stores", "parameters", "markets", "io_manager")}
    return dg.materialize([asset], resources=wanted, partition_key=key, instance=stage.instance)


def test_every_strategy_with_a_file_is_a_partition_of_every_symbol() -> None:
    keys = STRATEGY_GRID.get_partition_keys()
    assert len(keys) == len(set(keys)) == len(strategy_names()) * len(INSTRUMENT_IDS)
    assert dg.MultiPartitionKey({"strategy": "divergence", "instrument": "BTCUSDT.BYBIT"}) in keys


def test_a_partition_stores_a_run_per_timeframe(filled: PipelineStage) -> None:
    key = dg.MultiPartitionKey({"strategy": "ema_atr", "instrument": "BTCUSDT.BYBIT"})
    metadata = metadata_of(_materialize(filled, backtests, key), "backtests")
    assert filled.rows("SELECT timeframe, strategy, instrument_ids FROM backtest_runs ORDER BY timeframe") == [
        ("15m", "ema_atr", ["BTCUSDT.BYBIT"]),
        ("1h", "ema_atr", ["BTCUSDT.BYBIT"]),
        ("30m", "ema_atr", ["BTCUSDT.BYBIT"]),
    ]
    assert set(metadata["runs"]) == {"15m", "30m", "1h"}  # type: ignore[call-overload]
    assert "12 bars" in str(metadata["refused"])
    assert str(metadata["equity"]).count("data:image/png;base64,") == 3


def test_a_stored_run_walks_along_the_finest_bars_that_are_stored(filled: PipelineStage) -> None:
    key = dg.MultiPartitionKey({"strategy": "ema_atr", "instrument": "BTCUSDT.BYBIT"})
    _materialize(filled, backtests, key)
    walked = "jsonb_object_keys(params->'path')"
    assert sorted(filled.rows(f"SELECT timeframe, {walked} FROM backtest_runs")) == [
        ("1h", "BTCUSDT.BYBIT"),
        ("30m", "BTCUSDT.BYBIT"),
    ]


def test_a_stored_run_pays_what_the_venue_says_the_account_pays(filled: PipelineStage) -> None:
    filled.markets.data.taker_fee = Decimal("0.0004")
    key = dg.MultiPartitionKey({"strategy": "ema_atr", "instrument": "BTCUSDT.BYBIT"})
    _materialize(filled, backtests, key)
    assert filled.rows("SELECT DISTINCT params->'config'->'costs'->'taker_fee_bps' FROM backtest_runs") == [(4.0,)]


def test_a_partition_may_be_launched_by_its_text(filled: PipelineStage) -> None:
    wanted = {name: filled.resources()[name] for name in ("stores", "parameters", "markets", "io_manager")}
    tags = {"dagster/partition": "BTCUSDT.BYBIT|ema_atr"}
    assert dg.materialize([backtests], resources=wanted, tags=tags, instance=filled.instance).success
    assert filled.rows("SELECT DISTINCT strategy, instrument_ids FROM backtest_runs") == [
        ("ema_atr", ["BTCUSDT.BYBIT"])
    ]


def test_a_managed_set_is_backtested_as_any_other_strategy(filled: PipelineStage) -> None:
    key = dg.MultiPartitionKey({"strategy": "managed", "instrument": "BTCUSDT.BYBIT"})
    _materialize(filled, backtests, key)
    members = "params->'strategy_parameters'->'members'"
    assert filled.rows(f"SELECT DISTINCT strategy, {members} FROM backtest_runs") == [("managed", ["ema_atr"])]


def test_the_same_bars_and_rules_are_one_run(filled: PipelineStage) -> None:
    key = dg.MultiPartitionKey({"strategy": "ema_atr", "instrument": "BTCUSDT.BYBIT"})
    first, second = (metadata_of(_materialize(filled, backtests, key), "backtests")["runs"] for _ in range(2))
    assert first == second
    assert filled.rows("SELECT count(*) FROM backtest_runs") == [(3,)]


def test_without_a_wave_there_is_nothing_to_compare(filled: PipelineStage) -> None:
    result = _materialize(filled, parity)
    assert metadata_of(result, "parity")["compared"].startswith("nothing: no wave")
    assert [check.passed for check in result.get_asset_check_evaluations()] == [True]


def test_parity_names_what_a_live_wave_did_not_signal(filled: PipelineStage) -> None:
    begin = NOW - timedelta(minutes=50)
    PostgresEquityLog(filled.engine, ACCOUNT).record(usdt_wallet(Decimal(9_000), begin))
    filled.rows(
        "INSERT INTO waves (close_time, timeframe, computed_at) "
        f"SELECT instant, '{UNIVERSE.finest}', now() FROM unnest(ARRAY['{begin}', '{NOW}']::timestamptz[]) AS instant "
        "RETURNING close_time"
    )
    result = _materialize(filled, parity)
    metadata = metadata_of(result, "parity")
    assert f"{begin:%Y-%m-%d} 23:00 to {NOW:%Y-%m-%d %H:%M}: " in str(metadata["compared"])
    assert "equity 9000.00 at the start, when nothing was held" in str(metadata["given"])
    # two days of bars are not enough for every strategy of the configuration
    assert "no divergence 1h of ADAUSDT.BYBIT, BTCUSDT.BYBIT, SOLUSDT.BYBIT" in str(metadata["given"])
    assert "pipeline none, engine present" in str(metadata["differences"])
    assert [check.passed for check in result.get_asset_check_evaluations()] == [False]


def test_parity_may_be_asked_as_a_check_alone(filled: PipelineStage) -> None:
    wanted = {name: filled.resources()[name] for name in ("stores", "parameters", "markets", "io_manager")}
    alone = dg.AssetSelection.checks(dg.AssetCheckKey(dg.AssetKey("parity"), "pipeline_equals_engine"))
    result = dg.materialize([parity], resources=wanted, selection=alone, instance=filled.instance)
    assert [check.passed for check in result.get_asset_check_evaluations()] == [True]
    assert result.get_asset_materialization_events() == []


def test_every_calibration_is_kept(filled: PipelineStage) -> None:
    for _ in range(2):
        metadata = metadata_of(_materialize(filled, avi5_calibration), "avi5_calibration")
    assert metadata["psi"] == "nothing to compare"
    assert filled.rows("SELECT count(*), min(trades), bool_or(stable) FROM avi5_calibrations") == [(2, 0, False)]

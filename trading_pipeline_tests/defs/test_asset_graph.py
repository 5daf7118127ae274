from itertools import pairwise

import dagster as dg
import pytest

from trading_pipeline.definitions import defs
from trading_pipeline.defs.market_data.partitions import UNIVERSE
from trading_pipeline.domain.model.stages import stage_assets
from trading_pipeline_tests.defs.asset_graph import SNAPSHOT, described

REPOSITORY = defs.get_repository_def()
ORDER_JOBS = (
    "execute_plans",
    "manage_and_execute",
    "manage_positions",
    "reconcile",
    "kill_switch",
    "close_position",
    "open_from_signal",
    "move_stop",
    "cancel_order",
)
OF_THE_FEED = (
    "bybit_public_stream",
    "bybit_private_stream",
    "raw_bars",
    "book_samples",
    "tickers",
    "book_snapshots",
    "public_trades",
)
UNPARTITIONED = ("instruments",)
LEDGER = ("orders", "fills", "positions", "equity", "halts")
FROM_CANDLE_TO_FILL = (
    "bybit_public_stream",
    "raw_bars",
    "bars_15m",
    "indicator_snapshots_15m",
    "signals_15m",
    "trade_plans_15m",
    "orders",
    "fills",
)


def test_definitions_are_those_of_the_snapshot() -> None:
    assert described(defs) == SNAPSHOT.read_text(), "renew: python -m trading_pipeline_tests.defs.asset_graph"


def test_no_asset_and_no_check_can_reach_the_account() -> None:
    for asset in REPOSITORY.assets_defs_by_key.values():
        assert "execution" not in asset.required_resource_keys, asset.key


@pytest.mark.parametrize("name", ORDER_JOBS)
def test_a_job_about_orders_cannot_be_backfilled(name: str) -> None:
    job = REPOSITORY.get_job(name)
    assert not job.asset_layer.executable_asset_keys
    assert job.partitions_def is None
    assert job.run_tags["dagster-celery/queue"] == "trading"


def test_where_positions_are_managed_too_plans_are_claimed_after_that() -> None:
    waits_for = {
        invocation.name: needs for invocation, needs in REPOSITORY.get_job("manage_and_execute").dependencies.items()
    }
    assert waits_for["claim"]["managed"].node == "manage"


def test_waves_have_a_worker_backfills_cannot_get() -> None:
    assert REPOSITORY.get_job("bar_close").run_tags["dagster-celery/queue"] == "trading"
    assert "dagster-celery/queue" not in REPOSITORY.get_job("__ASSET_JOB").run_tags


def test_every_pipeline_asset_lies_on_one_grid() -> None:
    graph = REPOSITORY.asset_graph
    assets = [graph.get(key) for key in graph.get_all_asset_keys() if key.path[0] not in (*OF_THE_FEED, *UNPARTITIONED)]
    grids = {asset.partitions_def for asset in assets if asset.group_name in ("market_data", "strategy")}
    assert len(grids) == 1
    assert isinstance(grids.pop(), dg.MultiPartitionsDefinition)


def test_what_a_person_computes_again_over_http_are_assets_each_made_of_the_one_before() -> None:
    graph = REPOSITORY.asset_graph
    for asset, (itself, *later) in stage_assets(UNIVERSE.timeframes).items():
        assert itself == asset
        assert isinstance(graph.get(dg.AssetKey(asset)).partitions_def, dg.MultiPartitionsDefinition)
        for upstream, downstream in pairwise((asset, *later)):
            assert dg.AssetKey(upstream) in graph.get(dg.AssetKey(downstream)).parent_keys


def test_a_candle_leads_to_fills_and_marts() -> None:
    graph = REPOSITORY.asset_graph
    way = [*FROM_CANDLE_TO_FILL, "positions", "stg_trading__positions", "fct_closed_trades"]
    for upstream, downstream in pairwise(way):
        assert dg.AssetKey(downstream) in graph.get(dg.AssetKey(upstream)).child_keys, f"{upstream} -> {downstream}"


def test_a_fill_leads_back_to_its_bar() -> None:
    graph = REPOSITORY.asset_graph
    for downstream, upstream in pairwise(reversed(FROM_CANDLE_TO_FILL)):
        assert dg.AssetKey(upstream) in graph.get(dg.AssetKey(downstream)).parent_keys, f"{downstream} -> {upstream}"
    assert dg.AssetKey("bybit_private_stream") in graph.get(dg.AssetKey("fills")).parent_keys


@pytest.mark.parametrize(
    ("model", "read"),
    [
        ("stg_trading__fills", {"fills"}),
        ("stg_trading__order_intents", {"orders"}),
        ("stg_trading__positions", {"positions"}),
        ("stg_trading__trade_plans", {f"trade_plans_{timeframe}" for timeframe in UNIVERSE.timeframes}),
    ],
)
def test_a_mart_hangs_on_the_tables_it_reads(model: str, read: set[str]) -> None:
    parents = REPOSITORY.asset_graph.get(dg.AssetKey(model)).parent_keys
    assert {key.to_user_string() for key in parents} == read


@pytest.mark.parametrize("table", LEDGER)
def test_nothing_can_materialise_the_ledger(table: str) -> None:
    assert not REPOSITORY.asset_graph.get(dg.AssetKey(table)).is_executable


@pytest.mark.parametrize("table", ["orders", "fills", "positions"])
def test_a_ledger_row_lies_with_its_plans_bar(table: str) -> None:
    graph = REPOSITORY.asset_graph
    bars, ledger = graph.get(dg.AssetKey("bars_15m")), graph.get(dg.AssetKey(table))
    assert ledger.partitions_def == bars.partitions_def

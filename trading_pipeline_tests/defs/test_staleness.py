"""What the UI calls stale: what was computed from something else than what is there now, and nothing else."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest
from sqlalchemy import Engine, create_engine, text

from trading_pipeline.adapters.files.code_version import digest_of
from trading_pipeline.adapters.stores.market_data.raw_bar_store import PostgresRawBarStore
from trading_pipeline.definitions import defs
from trading_pipeline.domain.model.bars import BarSource
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline_tests.defs.pipeline_stage import (
    ASSETS,
    DAY,
    INSTRUMENT_IDS,
    PipelineStage,
    two_days_of_bars,
)

GRAPH = defs.get_repository_def().asset_graph
FIRST, *OTHERS = INSTRUMENT_IDS
BARS = dg.AssetKey("bars_15m")


@pytest.fixture
def recorded(database: Engine, database_url: str, redis_url: str, stored_instance: dg.DagsterInstance) -> PipelineStage:
    """The stage, with Dagster's record kept as the system keeps it."""
    return PipelineStage(database, database_url, redis_url, stored_instance)


def stale(stage: PipelineStage) -> set[tuple[str, str]]:
    """Assets of the pipeline and instruments whose partition of the day is stale."""
    resolver = CachingStaleStatusResolver(stage.instance, GRAPH, LoadingContextForTest(stage.instance))
    day = DAY.date().isoformat()
    return {
        (asset.path[0], instrument)
        for asset in ASSETS
        for instrument in INSTRUMENT_IDS
        if resolver.get_status(asset, f"{day}|{instrument}") is not StaleStatus.FRESH
    }


def test_an_unchanged_rerun_leaves_everything_fresh(
    recorded: PipelineStage,
) -> None:
    recorded.materialize([BARS], instruments=[FIRST])
    recorded.materialize()
    assert stale(recorded) == set()
    recorded.materialize([BARS], instruments=[FIRST])
    assert stale(recorded) == set()


def test_a_revised_bar_makes_stale_what_was_computed_from_it(recorded: PipelineStage) -> None:
    recorded.materialize()
    bar = next(
        one
        for one in two_days_of_bars()
        if (one.instrument_id, one.timeframe, one.open_time) == (FIRST, Timeframe.M15, DAY + timedelta(hours=7))
    )
    # the stream's word counts for more than what was fetched
    revised = replace(bar, volume=bar.volume + Decimal(1))
    PostgresRawBarStore(recorded.engine).append_raw([revised], BarSource.WEBSOCKET)
    recorded.materialize([BARS])
    assert stale(recorded) == {("indicator_snapshots_15m", FIRST), ("signals_15m", FIRST)}


def test_what_another_code_computed_is_stale(recorded: PipelineStage) -> None:
    recorded.materialize([BARS])
    assert {GRAPH.get(asset).code_version for asset in ASSETS if asset.path[0].startswith("bars")} == {
        digest_of("domain/model", "services/market_data", "adapters/stores/market_data")
    }
    rewritten = create_engine(os.environ["DAGSTER_POSTGRES_URL"])
    with rewritten.begin() as connection:
        connection.execute(
            text("UPDATE event_logs SET event = replace(event, :version, 'older')"),
            {"version": str(GRAPH.get(BARS).code_version)},
        )
    rewritten.dispose()
    assert {("bars_15m", instrument) for instrument in INSTRUMENT_IDS} <= stale(recorded)


def code_versions(**environment: str) -> dict[str, str]:
    """As a process of its own finds them."""
    told = (
        "import json; from trading_pipeline.defs.code_versions import CODE_VERSIONS; print(json.dumps(CODE_VERSIONS))"
    )
    done = subprocess.run(
        [sys.executable, "-c", told], env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found


def test_a_parameter_makes_signals_and_plans_stale_alone(tmp_path: Path) -> None:
    config = shutil.copytree("config", tmp_path / "config")
    file = config / "strategies" / "ema_atr.yaml"
    content = yaml.safe_load(file.read_text())
    content["parameters"] = {**content.get("parameters", {}), "fast_period": 11}
    file.write_text(yaml.safe_dump(content))
    here, there = code_versions(), code_versions(TRADING_CONFIG_DIR=str(config))
    assert {stage for stage in here if here[stage] != there[stage]} == {"signals", "trade_plans"}


def test_every_process_finds_the_same_code_versions() -> None:
    assert code_versions(PYTHONHASHSEED="1") == code_versions(PYTHONHASHSEED="2")

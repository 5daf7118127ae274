"""Checks of what the feed writes between bars, in the job that the schedule starts."""

from dataclasses import replace
from datetime import timedelta

import dagster as dg

from trading_pipeline.adapters.stores.market_data.ticker_store import PostgresTickerStore
from trading_pipeline.defs.market_data.condition_checks import condition_checks, conditions_job
from trading_pipeline.defs.market_data.feed import feed_assets
from trading_pipeline_tests.adapters.stores.market_data.test_conditions import TICKER
from trading_pipeline_tests.defs.pipeline_stage import INSTRUMENT_IDS, NOW, PipelineStage


def verdicts(stage: PipelineStage) -> dict[str, tuple[bool, str]]:
    """By asset, whether it passed and what was said."""
    definitions = dg.Definitions(
        assets=feed_assets, asset_checks=condition_checks, jobs=[conditions_job], resources=stage.resources()
    )
    result = definitions.resolve_job_def(conditions_job.name).execute_in_process(instance=stage.instance)
    return {
        one.asset_key.to_user_string(): (one.passed, one.description or "")
        for one in result.get_asset_check_evaluations()
    }


def test_a_ticker_that_stopped_is_named_and_the_others_are_not(stage: PipelineStage) -> None:
    first, *others = INSTRUMENT_IDS
    store = PostgresTickerStore(stage.engine)
    store.append([replace(TICKER, instrument_id=one, at=NOW) for one in others])
    store.append([replace(TICKER, instrument_id=first, at=NOW - timedelta(hours=2))])
    passed, said = verdicts(stage)["tickers"]
    assert not passed
    assert first in said
    assert not any(one in said for one in others)
    store.append([replace(TICKER, instrument_id=first, at=NOW)])
    assert verdicts(stage)["tickers"] == (True, "sound")

"""How old each asset may grow before the UI calls it stale, in wall time.

Dagster looks at the newest materialisation of an asset, of whichever partition: what people backfill makes it fresh,
too. Whether bars come at all is the business of ``dead_feed_sensor``, whether they are sound of the checks.
"""

from collections.abc import Iterable
from datetime import timedelta

import dagster as dg

from trading_pipeline.defs.accounting.assets import mart_assets
from trading_pipeline.defs.market_data.jobs import wave_assets
from trading_pipeline.defs.market_data.partitions import UNIVERSE
from trading_pipeline.domain.model.timeframes import Timeframe

_SLACK = timedelta(minutes=5)
"""What a wave may take, from the close to its last plan."""


def fresh(assets: Iterable[dg.AssetsDefinition | dg.AssetSpec]) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """The assets, with a policy each that something materialises by itself."""
    return [
        one.map_asset_specs(_expected) if isinstance(one, dg.AssetsDefinition) else _expected(one) for one in assets
    ]


def _of_waves(timeframe: Timeframe) -> dg.FreshnessPolicy:
    """A wave materialises them at every close: one that is missing is a warning, two are a failure."""
    return dg.FreshnessPolicy.time_window(
        warn_window=timeframe.duration + _SLACK, fail_window=2 * timeframe.duration + _SLACK
    )


_OF_READINGS = dg.FreshnessPolicy.time_window(warn_window=timedelta(minutes=5), fail_window=timedelta(minutes=10))
"""Reconciliation reads the account's money every minute."""

_OF_MARTS = dg.FreshnessPolicy.cron(deadline_cron="25 * * * *", lower_bound_delta=timedelta(minutes=20))
"""They are built five minutes past each hour."""

_OF_DAYS = dg.FreshnessPolicy.time_window(warn_window=timedelta(hours=25), fail_window=timedelta(hours=49))
"""The venue's list is read every day."""

POLICIES: dict[dg.AssetKey, dg.FreshnessPolicy] = {
    **{key: _of_waves(timeframe) for timeframe in UNIVERSE.timeframes for key in wave_assets([timeframe])},
    **dict.fromkeys(mart_assets.keys, _OF_MARTS),
    dg.AssetKey("equity"): _OF_READINGS,
    dg.AssetKey("instruments"): _OF_DAYS,
}
"""Without one: what people launch, what is switched on by hand, what only happens when somebody trades, and what the
feed writes without a run."""


def _expected(spec: dg.AssetSpec) -> dg.AssetSpec:
    return spec.replace_attributes(freshness_policy=POLICIES[spec.key]) if spec.key in POLICIES else spec

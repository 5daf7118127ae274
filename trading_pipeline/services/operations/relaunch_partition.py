"""A person has a partition computed once more."""

from datetime import date

from trading_pipeline.domain.model.backfills import partition_keys, require_known
from trading_pipeline.domain.model.errors import UnknownName
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.launched import LaunchedJob
from trading_pipeline.domain.model.stages import stage_assets
from trading_pipeline.domain.model.universe import Universe
from trading_pipeline.ports.orchestrator import JobLauncher


def relaunch_partition(
    *,
    jobs: JobLauncher,
    universe: Universe,
    asset: str,
    day: date,
    instrument_id: InstrumentId,
    today: date,
    with_later: bool,
) -> LaunchedJob:
    """Let Dagster materialise an asset's day of an instrument again; no plan that comes of it can be executed.

    :param today: UTC; its partition exists while the day goes on.
    :param with_later: also what is made of it, stage by stage.
    :raises ConfigurationError: there is no such asset or instrument; the message names the nearest.
    :raises UnknownName: there is no such day; the message names the nearest.
    :raises ServerAway: Dagster does not answer.
    """
    known = stage_assets(universe.timeframes)
    require_known(asset, known, "asset")
    require_known(instrument_id, universe.instrument_ids, "instrument of the universe")
    first = universe.history_start.date()
    if not first <= day <= today:
        nearest = first if day < first else today
        raise UnknownName(f"there is no partition of {day}: days are {first} to {today}; the nearest is {nearest}")
    assets = known[asset] if with_later else (asset,)
    title = f"{asset} of {instrument_id} on {day}" + (" and what is made of it" if with_later else "")
    return jobs.backfill(assets, partition_keys(day, 1, [instrument_id]), title)

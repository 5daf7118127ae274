"""One grid for every pipeline asset: day (UTC) x instrument."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg
from dagster._core.execution.context.metadata_logging import (
    AssetMetadataHandle,
    OutputMetadataAccumulator,
    OutputMetadataHandle,
)

from trading_pipeline.adapters.parameters.universe import load_universe
from trading_pipeline.adapters.stores.postgres.partition_contents import EMPTY, VERSION_KEY, PartitionContents
from trading_pipeline.adapters.venues.catalog import derivations_of
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.partitions import PartitionRange
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.resources.parameters import Parameters
from trading_pipeline.resources.stores import Stores
from trading_pipeline.resources.venue import Markets
from trading_pipeline.services.market_data.narrow_to_wave import narrow_to_wave
from trading_pipeline.settings import Settings

if TYPE_CHECKING:
    from dagster._core.instance import DynamicPartitionsStore

_SETTINGS = Settings()

UNIVERSE = load_universe(_SETTINGS.config_dir)

DERIVATIONS = derivations_of(UNIVERSE.venue)
"""Timeframes that the venue does not publish, each with the one that its bars are made of."""

SINGLE_RUN = dg.BackfillPolicy.single_run()


class InstrumentDays(dg.MultiPartitionsDefinition):
    """Remembers the keys of one range: Dagster makes all of them anew for each partition that is told metadata."""

    _range: dg.PartitionKeyRange | None = None
    _keys: Sequence[str] = ()

    def get_partition_keys_in_range(  # type: ignore[override]  # as in the class it extends
        self,
        partition_key_range: dg.PartitionKeyRange,
        dynamic_partitions_store: "DynamicPartitionsStore | None" = None,
    ) -> Sequence[str]:
        """Those from start to end in each dimension."""
        if partition_key_range != self._range:
            self._keys = super().get_partition_keys_in_range(partition_key_range, dynamic_partitions_store)
            self._range = partition_key_range
        return self._keys


GRID = InstrumentDays(
    {
        # today's partition exists while its day is still going on: waves fill it
        "day": dg.DailyPartitionsDefinition(start_date=UNIVERSE.history_start, end_offset=1),
        "instrument": dg.StaticPartitionsDefinition(list(UNIVERSE.instrument_ids)),
    }
)


def scope_of(context: dg.AssetExecutionContext, timeframe: Timeframe) -> PartitionRange:
    """The rectangle of days and instruments that the run covers."""
    # a run that was launched with the key's text alone has no dimensions in its tags
    keys = [GRID.get_partition_key_from_str(key).keys_by_dimension for key in context.partition_keys]
    days = sorted({key["day"] for key in keys})
    wanted = {key["instrument"] for key in keys}
    first, last = (datetime.fromisoformat(day).replace(tzinfo=UTC) for day in (days[0], days[-1]))
    # In the order of the universe, whatever order the keys came in.
    instrument_ids = tuple(name for name in UNIVERSE.instrument_ids if name in wanted)
    # The end is excluded, so it is the midnight after the last day.
    end = last + timedelta(days=1)
    return PartitionRange(instrument_ids, timeframe, first, end, UNIVERSE.history_start, holes=UNIVERSE.holes)


def wave_of(context: dg.AssetExecutionContext) -> datetime | None:
    """The closing instant (UTC) the run was started for; ``None`` in a backfill, whose plans are history."""
    wave = context.run.tags.get("wave")
    return datetime.fromisoformat(wave) if wave else None


def wave_scope(
    context: dg.AssetExecutionContext, timeframe: Timeframe, stores: Stores, parameters: Parameters
) -> PartitionRange:
    """What the run computes: in a wave, its own bars where all before them stand; else whole days.

    A strategy that looks at the book keeps its days whole: a sample of an earlier close may have come since.
    """
    scope, wave = scope_of(context, timeframe), wave_of(context)
    books = [plan for plan in parameters.strategies if plan.strategy.needs_book]
    if wave is None or any(timeframe in (*plan.timeframes, *plan.watched) for plan in books):
        return scope
    scopes = stores.wave_scopes
    # Once for all stages: of what comes later this wave has not begun with, and the next one looks at it.
    if timeframe not in scopes:
        decided_by = decision_digest(parameters)
        scopes[timeframe] = narrow_to_wave(stores.waves, stores.checks, scope, UNIVERSE.timeframes, wave, decided_by)
    return scopes[timeframe]


def decision_digest(parameters: Parameters) -> str:
    """Names the code and the parameters that decide; a file of the configuration counts from the next run on."""
    strategies = parameters.strategies
    versions = [plan.strategy.version for plan in strategies]
    deciding = (_SETTINGS.code_version, versions, strategies, parameters.risk)
    return hashlib.sha256(repr(deciding).encode()).hexdigest()[:16]


def timeframes_of(context: dg.AssetExecutionContext, stage: str) -> list[Timeframe]:
    """Those of which the run wants the asset of ``stage``, shortest first."""
    shortest_first = sorted(UNIVERSE.timeframes, key=lambda timeframe: timeframe.ms)
    return [one for one in shortest_first if dg.AssetKey(f"{stage}_{one}") in context.selected_asset_keys]


def tell_partitions(
    context: dg.AssetExecutionContext,
    asset: str,
    contents: PartitionContents,
    pictures: Mapping[InstrumentId, str] | None = None,
) -> dg.DataVersion:
    """Tell each partition of the run its own rows, their version and, on the newest day, in Markdown its picture.

    :returns: the version of the last partition, which Dagster takes for that of the asset.
    """
    content, told = EMPTY, dict[AssetMetadataHandle | OutputMetadataHandle, Mapping[str, object]]()
    partitions = {key: _partition(key) for key in context.partition_keys}
    newest = max(day for _, day in partitions.values())
    for key, (instrument_id, day) in partitions.items():
        content = contents.get((instrument_id, day), EMPTY)
        own: dict[str, object] = {"dagster/row_count": content.rows, VERSION_KEY: content.version}
        picture = (pictures or {}).get(instrument_id) if day == newest else None
        if picture:
            own["prices"] = dg.MetadataValue.md(picture)
        told[AssetMetadataHandle(asset_key=dg.AssetKey(asset), partition_key=key)] = own
    step = context.get_step_execution_context()
    # What ``add_asset_metadata`` does, at once: it looks through everything that was told before for each partition.
    before = step._metadata_accumulator.per_output_metadata
    step._metadata_accumulator = OutputMetadataAccumulator(per_output_metadata={**before, **told})
    return dg.DataVersion(content.version)


def _partition(key: str) -> tuple[InstrumentId, date]:
    dimensions = GRID.get_partition_key_from_str(key).keys_by_dimension
    return InstrumentId(dimensions["instrument"]), date.fromisoformat(dimensions["day"])


def now_of(context: dg.AssetExecutionContext, markets: Markets) -> datetime:
    """Venue time (UTC), never before the wave: the venue's clock may be asked a moment before it admits the close."""
    now, wave = markets.clock().now(), wave_of(context)
    return now if wave is None else max(now, wave)

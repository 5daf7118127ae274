"""One grid for every pipeline asset: day (UTC) x instrument."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from trading_pipeline.adapters.parameters.universe import load_universe
from trading_pipeline.adapters.venues.catalog import derivations_of
from trading_pipeline.domain.model.partitions import PartitionRange
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.resources.venue import Markets
from trading_pipeline.settings import Settings

UNIVERSE = load_universe(Settings().config_dir)

DERIVATIONS = derivations_of(UNIVERSE.venue)
"""Timeframes that the venue does not publish, each with the one that its bars are made of."""

GRID = dg.MultiPartitionsDefinition(
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
    instrument_ids = tuple(name for name in UNIVERSE.instrument_ids if name in wanted)
    return PartitionRange(instrument_ids, timeframe, first, last + timedelta(days=1), UNIVERSE.history_start)


def wave_of(context: dg.AssetExecutionContext) -> datetime | None:
    """The closing instant the run was started for; ``None`` in a backfill, whose plans are history."""
    wave = context.run.tags.get("wave")
    return datetime.fromisoformat(wave) if wave else None


def now_of(context: dg.AssetExecutionContext, markets: Markets) -> datetime:
    """Venue time, and never before the wave: the venue's clock may be asked a moment before it admits the close."""
    now, wave = markets.clock().now(), wave_of(context)
    return now if wave is None else max(now, wave)

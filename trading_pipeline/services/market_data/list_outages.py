"""Somebody asks what the venue has lost."""

from collections.abc import Sequence
from datetime import datetime

from trading_pipeline.domain.model.holes import Outage
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.stores.market_data.raw_bar_store import RawBarStore


def list_outages(
    bars: RawBarStore, instrument_ids: Sequence[InstrumentId], timeframes: Sequence[Timeframe]
) -> list[Outage]:
    """Every outage that stands, the newest first; of one instant, shorter timeframes and instruments in their order."""
    found = [
        outage
        for timeframe in sorted(timeframes, key=lambda one: one.ms)
        for several in bars.outages(instrument_ids, timeframe).values()
        for outage in several
    ]
    return sorted(found, key=_first_open, reverse=True)


def _first_open(outage: Outage) -> datetime:
    return outage.first_open

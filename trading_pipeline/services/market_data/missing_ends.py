"""Instruments that stopped while the others went on: no verdict tells of a bar that never came."""

from collections.abc import Sequence

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.stores.market_data.bar_store import BarStore
from trading_pipeline.ports.stores.market_data.wave_store import WaveStore
from trading_pipeline.services.market_data.fill_gaps import GapReport


def missing_ends(
    bars: BarStore, waves: WaveStore, instrument_ids: Sequence[InstrumentId], timeframe: Timeframe
) -> list[GapReport]:
    """Instruments that lack the bar of the newest computed wave, each with that one bar.

    An earlier bar that is missing is charged to the bars after it; without a wave nothing has an end yet.
    """
    span = waves.computed_span(timeframe)
    if span is None:
        return []
    _, newest = span
    # Only the newest close: who has that bar has not stopped, whatever it lacks before.
    missing = bars.missing(instrument_ids, timeframe, newest - timeframe.duration, newest)
    return [GapReport(instrument_id, 0, tuple(times), "") for instrument_id, times in missing.items()]

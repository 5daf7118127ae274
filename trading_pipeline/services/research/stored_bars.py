"""The stored bars of some instruments, as research takes them."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import pandas as pd

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.possible_bars import possible
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.stores.market_data.bar_store import BarStore


def stored_bars(
    store: BarStore,
    instrument_ids: Sequence[InstrumentId],
    timeframes: Iterable[Timeframe],
    start: datetime,
    end: datetime,
) -> dict[Timeframe, dict[InstrumentId, pd.DataFrame]]:
    """Bars that open in the range, by timeframe and instrument; an instrument without any is left out, and so are
    bars that cannot have been, as the pipeline computes over them.

    :raises DataError: a row breaks the schema of bars.
    """
    return {timeframe: _by_instrument(store.frame(instrument_ids, timeframe, start, end)) for timeframe in timeframes}


def _by_instrument(frame: pd.DataFrame) -> dict[InstrumentId, pd.DataFrame]:
    frame = frame[possible(frame)]
    return {
        # Places count from 0 in each frame: signals and paths are arrays beside it.
        InstrumentId(instrument_id): rows.reset_index(drop=True)
        for instrument_id, rows in frame.groupby("instrument_id", sort=False)
    }

"""Bars that one run reads several times, read once."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import pandas as pd
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.market_data.bar_store import PostgresBarStore
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe


class _Read(NamedTuple):
    """A frame, and the range it was read for."""

    instrument_ids: frozenset[InstrumentId]
    start: datetime
    end: datetime
    frame: pd.DataFrame


class RememberedBarStore(PostgresBarStore):
    """Keeps the last frame of each timeframe until bars of it are consolidated; for the length of one run.

    Checks, indicators and signals look at the same windows. Another run may change bars meanwhile; this one
    then decides on what it has checked.
    """

    def __init__(self, engine: Engine, run_id: str = "") -> None:
        """Write in the name of a run."""
        super().__init__(engine, run_id)
        self._read: dict[Timeframe, _Read] = {}

    def consolidate(
        self, instrument_ids: Sequence[InstrumentId], timeframe: Timeframe, start: datetime, end: datetime
    ) -> int:
        """Forget the timeframe's frame."""
        self._read.pop(timeframe, None)
        return super().consolidate(instrument_ids, timeframe, start, end)

    def frame(
        self, instrument_ids: Sequence[InstrumentId], timeframe: Timeframe, start: datetime, end: datetime
    ) -> pd.DataFrame:
        """Take the range out of the remembered frame where that holds it."""
        known, wanted = self._read.get(timeframe), frozenset(instrument_ids)
        if known is None or not (known.instrument_ids == wanted and known.start <= start and end <= known.end):
            known = _Read(wanted, start, end, super().frame(instrument_ids, timeframe, start, end))
            self._read[timeframe] = known
        if (known.start, known.end) == (start, end):
            return known.frame
        opens = known.frame["open_time"]
        return known.frame[(opens >= start) & (opens < end)].reset_index(drop=True)

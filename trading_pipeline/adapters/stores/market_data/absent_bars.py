"""Bars that the venue does not have, in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Engine

from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.domain.model.holes import Outage
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe

_NOTE = """
INSERT INTO trading.absent_bars AS known (instrument_id, timeframe, open_time, asked_at, answer, run_id)
SELECT %(instrument_id)s, %(timeframe)s, unnest(%(open_times)s::timestamptz[]), %(asked_at)s, %(answer)s, %(run_id)s
ON CONFLICT (instrument_id, timeframe, open_time) DO UPDATE
SET asked_again_at = excluded.asked_at, answer = concat_ws('; ', known.answer, excluded.answer),
    run_id = excluded.run_id
WHERE known.asked_again_at IS NULL AND excluded.asked_at >= known.asked_at + %(apart)s
RETURNING open_time, asked_again_at IS NOT NULL AS confirmed
"""

# Neighbours among the confirmed have one distance between their time and their place, so they group by it.
_OUTAGES = """
SELECT instrument_id, min(open_time) AS first_open, max(open_time) AS last_open, max(asked_at) AS asked_at,
    max(asked_again_at) AS asked_again_at, max(answer) AS answer
FROM (
    SELECT *, open_time - %(duration)s * row_number() OVER (PARTITION BY instrument_id ORDER BY open_time) AS island
    FROM trading.absent_bars AS absent
    WHERE instrument_id = ANY(%(instrument_ids)s) AND timeframe = %(timeframe)s AND asked_again_at IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM trading.raw_bars AS raw WHERE raw.instrument_id = absent.instrument_id
        AND raw.timeframe = absent.timeframe AND raw.open_time = absent.open_time
    )
) AS placed GROUP BY instrument_id, island ORDER BY instrument_id, island
"""


class AbsentBars:
    """The table ``absent_bars``: what a store of bars knows about those it will never have."""

    _engine: Engine
    _run_id: str

    def note_absent(
        self,
        instrument_id: InstrumentId,
        timeframe: Timeframe,
        open_times: Sequence[datetime],
        asked_at: datetime,
        answer: str,
        apart: timedelta,
    ) -> list[datetime]:
        """Insert, or confirm where the first question lies far enough back; a confirmed bar is left as it is."""
        if not open_times:
            return []
        parameters = {
            "instrument_id": instrument_id,
            "timeframe": timeframe.value,
            "open_times": list(open_times),
            "asked_at": asked_at,
            "answer": answer,
            "apart": apart,
            "run_id": self._run_id,
        }
        with self._engine.begin() as connection:
            rows = connection.exec_driver_sql(_NOTE, parameters).all()
        return sorted(row.open_time for row in rows if row.confirmed)

    def outages(self, instrument_ids: Sequence[InstrumentId], timeframe: Timeframe) -> dict[InstrumentId, list[Outage]]:
        """Group confirmed bars that nobody has told since."""
        parameters = {
            "instrument_ids": list(instrument_ids),
            "timeframe": timeframe.value,
            "duration": timeframe.duration,
        }
        found: dict[InstrumentId, list[Outage]] = {}
        with reading(self._engine) as connection:
            for row in connection.exec_driver_sql(_OUTAGES, parameters):
                name = InstrumentId(row.instrument_id)
                end = row.last_open + timeframe.duration
                outage = Outage(name, timeframe, row.first_open, end, row.asked_at, row.asked_again_at, row.answer)
                found.setdefault(name, []).append(outage)
        return found

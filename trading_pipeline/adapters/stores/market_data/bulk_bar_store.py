"""Many bars into PostgreSQL, by COPY and one statement."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from psycopg.sql import SQL
from sqlalchemy import Connection, Engine

from trading_pipeline.adapters.stores.market_data.bar_store import PostgresBarStore
from trading_pipeline.adapters.stores.postgres.bulk_copy import copy_text
from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.adapters.stores.postgres.schemas import BARS, validated
from trading_pipeline.domain.model.bars import BarSource
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe, from_ms
from trading_pipeline.domain.model.written_bars import WrittenBars
from trading_pipeline.ports.stores.market_data.bulk_bar_store import BulkBarStore

# Kept for the length of the connection: making it anew for every page would fill the catalogue with dead rows.
_STAGE = """
CREATE TEMPORARY TABLE IF NOT EXISTS told_bars (
    open_ms bigint, open numeric, high numeric, low numeric, close numeric, volume numeric, turnover numeric
) ON COMMIT DELETE ROWS
"""
_COPY = SQL("COPY told_bars FROM STDIN")

_TOLD_BY_OTHERS = """
SELECT EXISTS (
    SELECT FROM trading.raw_bars WHERE instrument_id = %(instrument_id)s AND timeframe = %(timeframe)s
    AND open_time BETWEEN %(first)s AND %(last)s AND source <> %(source)s
)
"""

# What is new goes into both tables at once: most histories are told by one source, and then its word is the bar.
_APPEND = """
WITH new AS (
    INSERT INTO trading.raw_bars
        (instrument_id, timeframe, open_time, close_time, open, high, low, close, volume, turnover, source, run_id,
        received_at, heard_in)
    SELECT %(instrument_id)s, %(timeframe)s, opens, opens + %(length)s,
        open, high, low, close, volume, turnover, %(source)s, %(run_id)s,
        -- once for all rows
        (SELECT clock_timestamp()), (SELECT pg_current_xact_id()::text::bigint)
    FROM (SELECT timestamptz 'epoch' + open_ms * interval '1 millisecond' AS opens, told_bars.* FROM told_bars) AS told
    ON CONFLICT DO NOTHING
    RETURNING instrument_id, timeframe, open_time, close_time, open, high, low, close, volume, turnover, source, run_id
), consolidated AS (
    INSERT INTO trading.bars
        (instrument_id, timeframe, open_time, close_time, open, high, low, close, volume, turnover, source, run_id)
    SELECT * FROM new WHERE NOT %(told_by_others)s
    ON CONFLICT DO NOTHING
    RETURNING 1
)
SELECT (SELECT count(*) FROM new), (SELECT count(*) FROM consolidated)
"""


_SETTLED = """
SELECT (
    SELECT count(*) FROM trading.bars
    WHERE instrument_id = %(instrument_id)s AND timeframe = %(timeframe)s
    AND open_time >= %(start)s AND open_time < %(end)s
) + (
    SELECT count(*) FROM trading.absent_bars AS lost
    WHERE instrument_id = %(instrument_id)s AND timeframe = %(timeframe)s
    AND open_time >= %(start)s AND open_time < %(end)s AND asked_again_at IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM trading.bars WHERE bars.instrument_id = lost.instrument_id
        AND bars.timeframe = lost.timeframe AND bars.open_time = lost.open_time
    )
)
"""


class PostgresBulkBarStore(BulkBarStore):
    """One transaction per call."""

    def __init__(self, engine: Engine, run_id: str = "") -> None:
        """Write in the name of a run."""
        self._engine = engine
        self._run_id = run_id
        self._single = PostgresBarStore(engine, run_id)

    def append(self, bars: WrittenBars, source: BarSource) -> int:
        """COPY into a temporary table, insert from it; compare sources only where another one had told something."""
        if not len(bars):
            return 0
        validated(bars.frame(), BARS)
        with self._engine.begin() as connection:
            new, consolidated = self._insert(connection, bars, source)
        if consolidated < len(bars):
            start, end = from_ms(int(bars.open_ms[0])), from_ms(int(bars.open_ms[-1]))
            self._single.consolidate([bars.instrument_id], bars.timeframe, start, end + timedelta(milliseconds=1))
        return new

    def _insert(self, connection: Connection, bars: WrittenBars, source: BarSource) -> tuple[int, int]:
        connection.exec_driver_sql(_STAGE)
        copy_text(connection, _COPY, _lines(bars))
        values: dict[str, object] = {
            "instrument_id": bars.instrument_id,
            "timeframe": bars.timeframe.value,
            "length": bars.timeframe.duration,
            "source": source.value,
            "run_id": self._run_id,
            "first": from_ms(int(bars.open_ms[0])),
            "last": from_ms(int(bars.open_ms[-1])),
        }
        values["told_by_others"] = connection.exec_driver_sql(_TOLD_BY_OTHERS, values).scalar_one()
        row = connection.exec_driver_sql(_APPEND, values).one()
        return int(row[0]), int(row[1])

    def settled(self, instrument_id: InstrumentId, timeframe: Timeframe, start: datetime, end: datetime) -> int:
        """Counted by the primary keys."""
        scope = {"instrument_id": instrument_id, "timeframe": timeframe.value, "start": start, "end": end}
        with reading(self._engine) as connection:
            return int(connection.exec_driver_sql(_SETTLED, scope).scalar_one())


def _lines(bars: WrittenBars) -> Iterator[str]:
    """Rows as COPY reads them; numbers hold neither tabs nor backslashes, which ``BARS`` has seen."""
    for opens, numbers in zip(bars.open_ms.tolist(), bars.numbers, strict=True):
        yield f"{opens}\t" + "\t".join(numbers) + "\n"

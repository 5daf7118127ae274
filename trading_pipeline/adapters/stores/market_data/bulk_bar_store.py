"""Many bars into PostgreSQL: by COPY where nothing is known of their range, else by COPY and one statement."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from psycopg.errors import UniqueViolation
from psycopg.sql import SQL
from sqlalchemy import Connection, Engine

from trading_pipeline.adapters.stores.market_data.bar_store import PostgresBarStore
from trading_pipeline.adapters.stores.postgres.bulk_copy import copy_text, instants
from trading_pipeline.adapters.stores.postgres.database import reading, repeatable
from trading_pipeline.adapters.stores.postgres.schemas import BARS, validated
from trading_pipeline.domain.model.bars import BarSource
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe, from_ms
from trading_pipeline.domain.model.written_bars import WrittenBars
from trading_pipeline.ports.stores.market_data.bulk_bar_store import BulkBarStore

# Of a range of which nothing is known every row is new, and COPY writes whole pages of a table.
_COPY_RAW = SQL(
    "COPY trading.raw_bars (instrument_id, timeframe, open_time, close_time, open, high, low, close, volume, turnover,"
    " source, run_id, received_at, heard_in) FROM STDIN"
)
_COPY_BARS = SQL(
    "COPY trading.bars (instrument_id, timeframe, open_time, close_time, open, high, low, close, volume, turnover,"
    " source, run_id) FROM STDIN"
)

# Kept for the length of the connection: making it anew for every page would fill the catalogue with dead rows.
_STAGE = """
CREATE TEMPORARY TABLE IF NOT EXISTS told_bars (
    open_ms bigint, open numeric, high numeric, low numeric, close numeric, volume numeric, turnover numeric
) ON COMMIT DELETE ROWS
"""
_COPY = SQL("COPY told_bars FROM STDIN")

_KNOWN = """
SELECT EXISTS (
    SELECT FROM trading.raw_bars WHERE instrument_id = %(instrument_id)s AND timeframe = %(timeframe)s
    AND open_time BETWEEN %(first)s AND %(last)s
) AS heard, EXISTS (
    SELECT FROM trading.raw_bars WHERE instrument_id = %(instrument_id)s AND timeframe = %(timeframe)s
    AND open_time BETWEEN %(first)s AND %(last)s AND source <> %(source)s
) AS told_by_others, EXISTS (
    SELECT FROM trading.bars WHERE instrument_id = %(instrument_id)s AND timeframe = %(timeframe)s
    AND open_time BETWEEN %(first)s AND %(last)s
) AS consolidated, clock_timestamp()::text AS received_at, pg_current_xact_id()::text AS heard_in
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
        """Compare sources only where another one had told something; whoever loses a page fetches it again."""
        if not len(bars):
            return 0
        validated(bars.frame(), BARS)
        with repeatable(self._engine) as connection:
            new, consolidated = self._insert(connection, bars, source)
        if consolidated < len(bars):
            start, end = from_ms(int(bars.open_ms[0])), from_ms(int(bars.open_ms[-1]))
            self._single.consolidate([bars.instrument_id], bars.timeframe, start, end + timedelta(milliseconds=1))
        return new

    def _insert(self, connection: Connection, bars: WrittenBars, source: BarSource) -> tuple[int, int]:
        """How many rows were new, and how many of them are consolidated."""
        values: dict[str, object] = {
            "instrument_id": bars.instrument_id,
            "timeframe": bars.timeframe.value,
            "length": bars.timeframe.duration,
            "source": source.value,
            "run_id": self._run_id,
            "first": from_ms(int(bars.open_ms[0])),
            "last": from_ms(int(bars.open_ms[-1])),
        }
        known = connection.exec_driver_sql(_KNOWN, values).one()
        if not known.heard and not known.consolidated:
            # Somebody else may tell a bar of the range meanwhile; then the rows are merged like any others.
            with suppress(UniqueViolation), connection.begin_nested():
                series, by, told = (bars.instrument_id, bars.timeframe.value), (source.value, self._run_id), _told(bars)
                copy_text(connection, _COPY_RAW, [_rows(series, told, (*by, known.received_at, known.heard_in))])
                copy_text(connection, _COPY_BARS, [_rows(series, told, by)])
                return len(bars), len(bars)
        connection.exec_driver_sql(_STAGE)
        copy_text(connection, _COPY, [_lines(bars)])
        row = connection.exec_driver_sql(_APPEND, {**values, "told_by_others": known.told_by_others}).one()
        return int(row[0]), int(row[1])

    def settled(self, instrument_id: InstrumentId, timeframe: Timeframe, start: datetime, end: datetime) -> int:
        """Counted by the primary keys."""
        scope = {"instrument_id": instrument_id, "timeframe": timeframe.value, "start": start, "end": end}
        with reading(self._engine) as connection:
            return int(connection.exec_driver_sql(_SETTLED, scope).scalar_one())


def _told(bars: WrittenBars) -> list[str]:
    """Times and numbers of each bar as COPY reads them."""
    opens, closes = instants(bars.open_ms), instants(bars.open_ms + bars.timeframe.ms)
    # Numbers stand with tabs between them already and hold no backslashes, which ``BARS`` has seen.
    return [
        f"{opened}\t{closed}\t{numbers}" for opened, closed, numbers in zip(opens, closes, bars.numbers, strict=True)
    ]


def _rows(before: Sequence[str], told: Sequence[str], behind: Sequence[str]) -> str:
    """Whole rows, with the same values before and behind each; none of them may hold a tab or a backslash."""
    first, last = "".join(f"{value}\t" for value in before), "".join(f"\t{value}" for value in behind) + "\n"
    return first + (last + first).join(told) + last


def _lines(bars: WrittenBars) -> str:
    """Rows as COPY reads them into the temporary table."""
    return "".join(f"{opens}\t{numbers}\n" for opens, numbers in zip(bars.open_ms.tolist(), bars.numbers, strict=True))

"""Raw bars in PostgreSQL, for processes that hear bars and never read them as frames.

Apart from ``bar_store`` because pandas and its schemas cost a process 70 MB.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine, Text, and_, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY, array, distinct_on

from trading_pipeline.adapters.stores.market_data.absent_bars import AbsentBars
from trading_pipeline.adapters.stores.market_data.bar_revisions import BarRevisions
from trading_pipeline.adapters.stores.market_data.told_bars import NUMBERS, TOLD, told
from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.adapters.stores.postgres.tables import raw_bars
from trading_pipeline.domain.model.bars import Bar, BarSource
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.stores.market_data.raw_bar_store import RawBarStore

_APPEND = f"""
WITH {TOLD}, inserted AS (
    INSERT INTO trading.raw_bars
        (instrument_id, timeframe, open_time, close_time, open, high, low, close, volume, turnover, source, run_id)
    SELECT instrument_id, timeframe, open_time, close_time, open, high, low, close, volume, turnover,
        %(source)s, %(run_id)s
    FROM told ORDER BY instrument_id, timeframe, open_time
    ON CONFLICT DO NOTHING RETURNING instrument_id, timeframe, open_time
)
SELECT position, NOT EXISTS (
    SELECT FROM trading.raw_bars AS known
    WHERE known.instrument_id = told.instrument_id AND known.timeframe = told.timeframe
    AND known.open_time = told.open_time
) AS unheard
FROM told JOIN inserted USING (instrument_id, timeframe, open_time) ORDER BY position
"""  # noqa: S608 - made of constants

_HEARD = raw_bars.c
IN_RANGE = and_(
    _HEARD.instrument_id == any_(bindparam("instrument_ids", type_=ARRAY(Text))),
    _HEARD.timeframe == bindparam("timeframe"),
    _HEARD.open_time >= bindparam("start"),
    _HEARD.open_time < bindparam("end"),
)
"""Rows of ``raw_bars`` whose bars open in ``[start, end)``."""

BEST_FIRST = (
    _HEARD.instrument_id,
    _HEARD.open_time,
    func.array_position(array(["mended", "websocket", "rest", "file", "derived"]), _HEARD.source),
)
"""Order of ``raw_bars`` in which the first row of each bar is that of the source that counts."""

_READ = (
    select(_HEARD.instrument_id, _HEARD.open_time, *(_HEARD[name] for name in NUMBERS))
    .ext(distinct_on(_HEARD.instrument_id, _HEARD.open_time))
    .where(IN_RANGE)
    .order_by(*BEST_FIRST)
)

# Sorted, so that transactions which open the same waves lock them in one order.
_OPEN_WAVES = """
INSERT INTO trading.waves (close_time, timeframe)
SELECT DISTINCT * FROM unnest(%(close_times)s::timestamptz[], %(timeframes)s::text[]) AS told(close_time, timeframe)
ORDER BY close_time, timeframe ON CONFLICT DO NOTHING
"""

_REOPEN_WAVES = """
UPDATE trading.waves SET computed_at = NULL, run_id = NULL
FROM unnest(%(close_times)s::timestamptz[], %(timeframes)s::text[]) AS late(close_time, timeframe)
WHERE waves.close_time = late.close_time AND waves.timeframe = late.timeframe AND waves.computed_at IS NOT NULL
"""


class PostgresRawBarStore(AbsentBars, BarRevisions, RawBarStore):
    """``raw_bars`` with ``bar_revisions``, ``waves`` and ``absent_bars``; one transaction per call."""

    def __init__(self, engine: Engine, run_id: str = "") -> None:
        """Write in the name of a run; empty for a process that is none."""
        self._engine = engine
        self._run_id = run_id

    def append_raw(self, bars: Sequence[Bar], source: BarSource, *, live: bool = False) -> list[Bar]:
        """Insert the rows that their source has not told yet, and open the waves of those that are live."""
        if not bars:
            return []
        # Two rows of one key would both be joined to the one that was inserted, and be told as new twice.
        bars = _first_words(bars)
        with self._engine.begin() as connection:
            rows = connection.exec_driver_sql(
                _APPEND, {**told(bars), "source": source.value, "run_id": self._run_id}
            ).all()
            # In the bars' transaction: nobody sees a wave without the bar that opened it, or the bar without its wave.
            if live or source is BarSource.WEBSOCKET:
                _run_for_waves(connection, _OPEN_WAVES, bars)
                # A second source's word reopens nothing; a bar that nobody had heard may change what was decided.
                _run_for_waves(connection, _REOPEN_WAVES, [bars[row.position - 1] for row in rows if row.unheard])
        return [bars[row.position - 1] for row in rows if row.unheard]

    def raw_bars(
        self, instrument_ids: Sequence[InstrumentId], timeframe: Timeframe, start: datetime, end: datetime
    ) -> list[Bar]:
        """Of several sources the first in the order of ``consolidate``."""
        scope = {"instrument_ids": list(instrument_ids), "timeframe": timeframe.value, "start": start, "end": end}
        with reading(self._engine) as connection:
            return [Bar(InstrumentId(row[0]), timeframe, *row[1:]) for row in connection.execute(_READ, scope)]

    def newest_raw_close(self, instrument_id: InstrumentId, timeframe: Timeframe) -> datetime | None:
        """The greatest ``close_time`` (UTC) of any source."""
        return self._instant(
            "SELECT max(close_time) FROM trading.raw_bars WHERE (instrument_id, timeframe, open_time) = ("
            "SELECT instrument_id, timeframe, max(open_time) FROM trading.raw_bars"
            " WHERE instrument_id = %(instrument_id)s AND timeframe = %(timeframe)s GROUP BY instrument_id, timeframe)",
            {"instrument_id": instrument_id, "timeframe": timeframe.value},
        )

    def _instant(self, query: str, parameters: dict[str, object]) -> datetime | None:
        with reading(self._engine) as connection:
            found: datetime | None = connection.exec_driver_sql(query, parameters).scalar()
            return found


def _run_for_waves(connection: Connection, statement: str, bars: Sequence[Bar]) -> None:
    parameters = {
        "close_times": [bar.close_time for bar in bars],
        "timeframes": [bar.timeframe.value for bar in bars],
    }
    connection.exec_driver_sql(statement, parameters)


def _first_words(bars: Sequence[Bar]) -> list[Bar]:
    """The bars in their order, the first where one key comes twice."""
    first: dict[tuple[str, Timeframe, datetime], Bar] = {}
    for bar in bars:
        first.setdefault((bar.instrument_id, bar.timeframe, bar.open_time), bar)
    return list(first.values())

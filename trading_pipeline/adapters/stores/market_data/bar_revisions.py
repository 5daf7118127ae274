"""Bars that are told otherwise than before, in PostgreSQL: the row follows, what it said is kept."""

from collections.abc import Sequence

from sqlalchemy import Engine, Row

from trading_pipeline.adapters.stores.market_data.told_bars import TOLD, told
from trading_pipeline.domain.model.bar_history import Mend, Revision
from trading_pipeline.domain.model.bars import Bar, BarSource
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe

_NUMBERS = "'open', {0}.open, 'high', {0}.high, 'low', {0}.low, 'close', {0}.close, 'volume', {0}.volume"
_RECORD = """
INSERT INTO trading.bar_revisions
    (instrument_id, timeframe, open_time, source, was, became, reason, actor, command_id, run_id)
"""
_TOLD_NUMBERS, _RAW_NUMBERS = _NUMBERS.format("told"), _NUMBERS.format("raw")
# A bar's new word counts as heard in this transaction, so that the next wave computes anew what follows from it.
_REVISE = f"""
WITH {TOLD}, differing AS (
    SELECT raw.instrument_id, raw.timeframe, raw.open_time, told.position,
        jsonb_build_object({_RAW_NUMBERS}) AS was, jsonb_build_object({_TOLD_NUMBERS}) AS became
    FROM trading.raw_bars AS raw JOIN told USING (instrument_id, timeframe, open_time)
    WHERE raw.source = %(source)s AND (raw.open, raw.high, raw.low, raw.close, raw.volume)
        IS DISTINCT FROM (told.open, told.high, told.low, told.close, told.volume)
    FOR UPDATE OF raw
), revised AS (
    UPDATE trading.raw_bars AS raw
    SET open = told.open, high = told.high, low = told.low, close = told.close, volume = told.volume,
        turnover = told.turnover, received_at = clock_timestamp(), run_id = %(run_id)s,
        heard_in = pg_current_xact_id()::text::bigint
    FROM told JOIN differing USING (position)
    WHERE raw.instrument_id = told.instrument_id AND raw.timeframe = told.timeframe
        AND raw.open_time = told.open_time AND raw.source = %(source)s
)
{_RECORD}
SELECT instrument_id, timeframe, open_time, %(source)s, was, became, '', '', '', %(run_id)s
FROM differing ORDER BY position
RETURNING instrument_id, timeframe, open_time, source, was, became
"""  # noqa: S608 - made of constants

_MEND = f"""
WITH {TOLD}, known AS (
    SELECT raw.instrument_id, raw.timeframe, raw.open_time,
        jsonb_build_object({_RAW_NUMBERS}, 'source', raw.source) AS was
    FROM trading.raw_bars AS raw JOIN told USING (instrument_id, timeframe, open_time)
    ORDER BY array_position(ARRAY['mended', 'websocket', 'rest', 'file', 'derived'], raw.source) LIMIT 1
), mended AS (
    INSERT INTO trading.raw_bars AS raw
        (instrument_id, timeframe, open_time, close_time, open, high, low, close, volume, turnover, source, run_id)
    SELECT instrument_id, timeframe, open_time, close_time, open, high, low, close, volume, turnover, 'mended', ''
    FROM told
    ON CONFLICT (instrument_id, timeframe, open_time, source) DO UPDATE
    SET open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,
        volume = excluded.volume, turnover = excluded.turnover, received_at = clock_timestamp(),
        heard_in = pg_current_xact_id()::text::bigint
)
{_RECORD}
SELECT told.instrument_id, told.timeframe, told.open_time, 'mended', known.was,
    jsonb_build_object({_TOLD_NUMBERS}), %(reason)s, %(actor)s, %(command_id)s, ''
FROM told LEFT JOIN known USING (instrument_id, timeframe, open_time)
RETURNING instrument_id, timeframe, open_time, source, was, became
"""  # noqa: S608 - made of constants


class BarRevisions:
    """The table ``bar_revisions`` beside ``raw_bars``; nothing of it is ever changed."""

    _engine: Engine
    _run_id: str

    def revise(self, bars: Sequence[Bar], source: BarSource) -> list[Revision]:
        """Update rows that differ in a price or the volume, and keep what they said, in one statement."""
        if not bars:
            return []
        # Of two words in one call the last one counts.
        newest = {(bar.instrument_id, bar.timeframe, bar.open_time): bar for bar in bars}
        parameters = {**told(list(newest.values())), "source": source.value, "run_id": self._run_id}
        with self._engine.begin() as connection:
            return [_revision(row) for row in connection.exec_driver_sql(_REVISE, parameters)]

    def mend(self, mend: Mend) -> Revision:
        """Write the row of source ``mended``, which wins over all others."""
        words = {"reason": mend.reason, "actor": mend.actor, "command_id": mend.command_id}
        with self._engine.begin() as connection:
            return _revision(connection.exec_driver_sql(_MEND, {**told([mend.bar]), **words}).one())


def _revision(row: Row[tuple[object, ...]]) -> Revision:
    return Revision(
        InstrumentId(row.instrument_id),
        Timeframe(row.timeframe),
        row.open_time,
        BarSource(row.source),
        {name: str(value) for name, value in (row.was or {}).items()},
        {name: str(value) for name, value in row.became.items()},
    )

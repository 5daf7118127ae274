"""Waves in PostgreSQL."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import Engine

from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.model.waves import ComputedWave, Wave
from trading_pipeline.ports.stores.market_data.wave_store import WaveStore

# Raw bars are counted: a run is requested for what was heard, and consolidates it only then.
_WAVES = """
SELECT close_time, timeframe, computed_at IS NOT NULL AS computed, coalesce(run_id, '') AS run_id, (
    SELECT count(DISTINCT instrument_id) FROM trading.raw_bars
    WHERE raw_bars.close_time = waves.close_time AND raw_bars.timeframe = waves.timeframe
) AS instruments_heard
FROM trading.waves WHERE {condition}
"""

_MARK = """
UPDATE trading.waves SET computed_at = clock_timestamp(), run_id = %(run_id)s
WHERE close_time = %(close_time)s AND timeframe = %(timeframe)s AND NOT EXISTS (
    SELECT FROM trading.raw_bars AS raw
    WHERE raw.close_time = waves.close_time AND raw.timeframe = waves.timeframe
    AND raw.instrument_id = ANY(%(instrument_ids)s)
    AND NOT EXISTS (
        SELECT FROM trading.bars
        WHERE bars.instrument_id = raw.instrument_id AND bars.timeframe = raw.timeframe
        AND bars.open_time = raw.open_time
    )
)
"""

_GIVE_UP = """
UPDATE trading.waves SET given_up_at = clock_timestamp()
WHERE close_time = %(close_time)s AND computed_at IS NULL AND given_up_at IS NULL
"""

# Whom an earlier run of the wave got no answer about is asked again by this one.
_BEGIN = """
UPDATE trading.waves SET heard = pg_current_snapshot()::text, decided_by = %(decided_by)s, unanswered = '{}'
WHERE close_time = %(close_time)s AND timeframe = %(timeframe)s RETURNING heard
"""

_COMPUTED = """
SELECT heard, decided_by, unanswered FROM trading.waves
WHERE close_time = %(close_time)s AND timeframe = %(timeframe)s AND computed_at IS NOT NULL AND heard IS NOT NULL
"""

_UNANSWERED = """
UPDATE trading.waves SET unanswered = %(instrument_ids)s
WHERE close_time = %(close_time)s AND timeframe = %(timeframe)s
"""

_NEWEST_UNANSWERED = """
SELECT unanswered FROM trading.waves
WHERE timeframe = %(timeframe)s AND computed_at IS NOT NULL ORDER BY close_time DESC LIMIT 1
"""

_COMPUTED_SPAN = """
SELECT min(close_time) AS oldest, max(close_time) AS newest FROM trading.waves
WHERE timeframe = %(timeframe)s AND computed_at IS NOT NULL
"""

# The first condition is rough and what the index on ``heard_in`` answers, the second is exact.
_LATE = """
SELECT DISTINCT instrument_id FROM trading.raw_bars
WHERE heard_in >= pg_snapshot_xmin(%(heard)s::pg_snapshot)::text::bigint
AND NOT pg_visible_in_snapshot(heard_in::text::xid8, %(heard)s::pg_snapshot)
AND instrument_id = ANY(%(instrument_ids)s) AND timeframe = ANY(%(timeframes)s) AND close_time <= %(by)s
"""


class PostgresWaveStore(WaveStore):
    """The table ``waves``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def pending(self) -> list[Wave]:
        """Read by close, then length of the timeframe."""
        return self._waves("computed_at IS NULL AND given_up_at IS NULL", {})

    def give_up(self, close_time: datetime) -> bool:
        """Update in one statement."""
        with self._engine.begin() as connection:
            return connection.exec_driver_sql(_GIVE_UP, {"close_time": close_time}).rowcount > 0

    def at(self, close_time: datetime) -> list[Wave]:
        """Read by length of the timeframe."""
        return self._waves("close_time = %(close_time)s", {"close_time": close_time})

    def newest(self) -> datetime | None:
        """The greatest ``close_time``, UTC."""
        with reading(self._engine) as connection:
            found: datetime | None = connection.exec_driver_sql("SELECT max(close_time) FROM trading.waves").scalar()
            return found

    def computed_span(self, timeframe: Timeframe) -> tuple[datetime, datetime] | None:
        """The least and the greatest ``close_time`` (UTC) that has ``computed_at``."""
        with reading(self._engine) as connection:
            row = connection.exec_driver_sql(_COMPUTED_SPAN, {"timeframe": timeframe.value}).one()
        return None if row.oldest is None else (row.oldest, row.newest)

    def begin(self, close_time: datetime, timeframe: Timeframe, decided_by: str) -> str | None:
        """Keep the snapshot of this transaction, which began before the run reads."""
        parameters = {"close_time": close_time, "timeframe": timeframe.value, "decided_by": decided_by}
        with self._engine.begin() as connection:
            heard: str | None = connection.exec_driver_sql(_BEGIN, parameters).scalar()
        return heard

    def computed(self, close_time: datetime, timeframe: Timeframe) -> ComputedWave | None:
        """Waves of before these columns have none."""
        with reading(self._engine) as connection:
            row = connection.exec_driver_sql(
                _COMPUTED, {"close_time": close_time, "timeframe": timeframe.value}
            ).one_or_none()
        return None if row is None else ComputedWave(row.heard, row.decided_by, _instruments(row.unanswered))

    def note_unanswered(
        self, close_time: datetime, timeframe: Timeframe, instrument_ids: Collection[InstrumentId]
    ) -> None:
        """Replace what an earlier run of the wave noted."""
        parameters = {"close_time": close_time, "timeframe": timeframe.value, "instrument_ids": sorted(instrument_ids)}
        with self._engine.begin() as connection:
            connection.exec_driver_sql(_UNANSWERED, parameters)

    def newest_unanswered(self, timeframe: Timeframe) -> frozenset[InstrumentId]:
        """Read from the newest computed row."""
        with reading(self._engine) as connection:
            found = connection.exec_driver_sql(_NEWEST_UNANSWERED, {"timeframe": timeframe.value}).scalar()
        return _instruments(found or [])

    def late(
        self, instrument_ids: Sequence[InstrumentId], timeframes: Sequence[Timeframe], heard: str, by: datetime
    ) -> set[InstrumentId]:
        """A row is late whose transaction that snapshot could not see; times of the clock do not tell."""
        parameters = {
            "heard": heard,
            "instrument_ids": list(instrument_ids),
            "timeframes": [timeframe.value for timeframe in timeframes],
            "by": by,
        }
        with reading(self._engine) as connection:
            return {InstrumentId(row.instrument_id) for row in connection.exec_driver_sql(_LATE, parameters)}

    def mark_computed(
        self, close_time: datetime, timeframe: Timeframe, instrument_ids: Sequence[InstrumentId], run_id: str
    ) -> bool:
        """Update in one statement. A raw bar that is not in ``bars`` came after the run had consolidated them."""
        parameters = {
            "close_time": close_time,
            "timeframe": timeframe.value,
            "instrument_ids": list(instrument_ids),
            "run_id": run_id,
        }
        with self._engine.begin() as connection:
            return connection.exec_driver_sql(_MARK, parameters).rowcount == 1

    def _waves(self, condition: str, parameters: dict[str, object]) -> list[Wave]:
        with reading(self._engine) as connection:
            rows = connection.exec_driver_sql(_WAVES.format(condition=condition), parameters).all()
        waves = [
            Wave(row.close_time, Timeframe(row.timeframe), row.instruments_heard, row.computed, row.run_id)
            for row in rows
        ]
        # By milliseconds, and not in SQL: as text 15m comes before 5m.
        return sorted(waves, key=lambda wave: (wave.close_time, wave.timeframe.ms))


def _instruments(names: Iterable[str]) -> frozenset[InstrumentId]:
    return frozenset(InstrumentId(name) for name in names)

"""Verdicts about bars in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Engine, Text, and_, any_, bindparam, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by

from trading_pipeline.adapters.stores.postgres.bulk_copy import merge
from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.adapters.stores.postgres.tables import data_checks
from trading_pipeline.domain.model.checks import CheckName, DataCheck, FailedBars
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.stores.market_data.check_store import CheckStore

_COLUMNS = ("instrument_id", "timeframe", "close_time", "name", "passed", "detail", "run_id")
_STORED = data_checks.c
_IN_RANGE = and_(
    _STORED.instrument_id == any_(bindparam("instrument_ids", type_=ARRAY(Text))),
    _STORED.timeframe == bindparam("timeframe"),
    _STORED.close_time > bindparam("start"),
    _STORED.close_time <= bindparam("end"),
)
_FAILED = (
    select(data_checks)
    .where(~_STORED.passed, _IN_RANGE)
    .order_by(_STORED.instrument_id, _STORED.close_time, _STORED.name)
)
_FIRST_CLOSE = func.min(_STORED.close_time).label("first_close")
_FAILED_BARS = (
    select(_STORED.instrument_id, _STORED.name, _STORED.detail, func.count().label("bars"))
    .add_columns(_FIRST_CLOSE, func.max(_STORED.close_time).label("last_close"))
    .where(~_STORED.passed, _STORED.timeframe == bindparam("timeframe"))
    .group_by(_STORED.instrument_id, _STORED.name, _STORED.detail)
    .order_by(_STORED.instrument_id, _FIRST_CLOSE, _STORED.name)
)
_NAMES = [name.value for name in CheckName]
_PASSED_ALL = (
    select(_STORED.instrument_id, _STORED.close_time)
    # Only questions of today: one that is asked no more must not make up for one that was not.
    .where(_IN_RANGE, _STORED.passed, _STORED.name == any_(literal(_NAMES, ARRAY(Text))))
    .group_by(_STORED.instrument_id, _STORED.close_time)
    # A bar that was not asked every question is not sound either.
    .having(func.count() == len(_NAMES))
    .subquery("sound")
).c
_SOUND = (
    select(
        _PASSED_ALL.instrument_id,
        func.array_agg(aggregate_order_by(_PASSED_ALL.close_time, _PASSED_ALL.close_time)).label("closes"),
    )
    .group_by(_PASSED_ALL.instrument_id)
    .order_by(_PASSED_ALL.instrument_id)
)
_JUDGED_DAYS = """
SELECT instrument_id, array_agg(DISTINCT date_trunc('day', close_time - %(duration)s, 'UTC')) AS days
FROM trading.data_checks
WHERE instrument_id = ANY(%(instrument_ids)s) AND timeframe = %(timeframe)s
GROUP BY instrument_id ORDER BY instrument_id
"""
# Between two verdicts: before its first and after its last an instrument was not in the universe, and skipped nothing.
_SKIPPED = """
SELECT close_time FROM unnest(%(closes)s::timestamptz[]) AS closes(close_time)
WHERE EXISTS (
    SELECT FROM unnest(%(instrument_ids)s::text[]) AS series(instrument_id)
    CROSS JOIN unnest(%(timeframes)s::text[]) AS lengths(timeframe)
    WHERE NOT EXISTS (
        SELECT FROM trading.data_checks WHERE data_checks.instrument_id = series.instrument_id
        AND data_checks.timeframe = lengths.timeframe AND data_checks.close_time = closes.close_time
    ) AND EXISTS (
        SELECT FROM trading.data_checks WHERE data_checks.instrument_id = series.instrument_id
        AND data_checks.timeframe = lengths.timeframe AND data_checks.close_time < closes.close_time
    ) AND EXISTS (
        SELECT FROM trading.data_checks WHERE data_checks.instrument_id = series.instrument_id
        AND data_checks.timeframe = lengths.timeframe AND data_checks.close_time > closes.close_time
    )
) ORDER BY close_time
"""


class PostgresCheckStore(CheckStore):
    """One transaction per call."""

    def __init__(self, engine: Engine, run_id: str = "") -> None:
        """Write in the name of a run; empty for a process that is none."""
        self._engine = engine
        self._run_id = run_id

    def save(self, checks: Sequence[DataCheck]) -> int:
        """Merge by bar and question; an unchanged verdict is not written again."""
        # One text per instant and not per verdict: every bar of a close is asked several questions.
        instants = {check.close_time: check.close_time.isoformat() for check in checks}
        rows = (
            (
                check.instrument_id,
                check.timeframe.value,
                instants[check.close_time],
                check.name.value,
                # As COPY spells booleans.
                "t" if check.passed else "f",
                check.detail,
                self._run_id,
            )
            for check in checks
        )
        with self._engine.begin() as connection:
            return merge(connection, data_checks, _COLUMNS, rows, ignoring=("run_id",))

    def failed(
        self, instrument_ids: Sequence[InstrumentId], timeframe: Timeframe, start: datetime, end: datetime
    ) -> list[DataCheck]:
        """Read in the order of instrument, close and question."""
        with reading(self._engine) as connection:
            rows = connection.execute(_FAILED, _range(instrument_ids, timeframe, start, end)).all()
        return [
            DataCheck(
                InstrumentId(row.instrument_id),
                Timeframe(row.timeframe),
                row.close_time,
                CheckName(row.name),
                False,
                row.detail,
            )
            for row in rows
        ]

    def failed_bars(self, timeframe: Timeframe) -> list[FailedBars]:
        """Group what the index of failed verdicts holds."""
        with reading(self._engine) as connection:
            rows = connection.execute(_FAILED_BARS, {"timeframe": timeframe.value}).all()
        return [
            FailedBars(
                InstrumentId(row.instrument_id),
                CheckName(row.name),
                row.detail,
                row.bars,
                row.first_close,
                row.last_close,
            )
            for row in rows
        ]

    def judged_days(
        self, instrument_ids: Sequence[InstrumentId], timeframe: Timeframe
    ) -> dict[InstrumentId, list[datetime]]:
        """Read all keys of the timeframe; a bar belongs to the day it opens in."""
        parameters = {
            "instrument_ids": list(instrument_ids),
            "timeframe": timeframe.value,
            "duration": timeframe.duration,
        }
        with reading(self._engine) as connection:
            rows = connection.exec_driver_sql(_JUDGED_DAYS, parameters).all()
        return {InstrumentId(row.instrument_id): row.days for row in rows}

    def skipped_closes(
        self, instrument_ids: Sequence[InstrumentId], timeframes: Sequence[Timeframe], closes: Sequence[datetime]
    ) -> list[datetime]:
        """Three looks into the primary key for each instrument, timeframe and close."""
        parameters = {
            "instrument_ids": list(instrument_ids),
            "timeframes": [timeframe.value for timeframe in timeframes],
            "closes": list(closes),
        }
        with reading(self._engine) as connection:
            return list(connection.exec_driver_sql(_SKIPPED, parameters).scalars())

    def sound_bars(
        self, instrument_ids: Sequence[InstrumentId], timeframe: Timeframe, start: datetime, end: datetime
    ) -> dict[InstrumentId, list[datetime]]:
        """Group verdicts per bar and count those that passed."""
        with reading(self._engine) as connection:
            rows = connection.execute(_SOUND, _range(instrument_ids, timeframe, start, end)).all()
        return {InstrumentId(row.instrument_id): [close - timeframe.duration for close in row.closes] for row in rows}


def _range(
    instrument_ids: Sequence[InstrumentId], timeframe: Timeframe, start: datetime, end: datetime
) -> dict[str, object]:
    """On the grid of the timeframe, bars that open in ``[start, end)`` close in ``(start, end]``."""
    return {"instrument_ids": list(instrument_ids), "timeframe": timeframe.value, "start": start, "end": end}

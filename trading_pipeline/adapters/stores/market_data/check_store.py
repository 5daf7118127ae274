"""Verdicts about bars in PostgreSQL."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime

from psycopg.errors import UniqueViolation
from psycopg.sql import SQL
from sqlalchemy import Connection, Engine, Text, and_, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by

from trading_pipeline.adapters.stores.postgres.answers import AGAINST, ANSWERS, JUDGED, VERDICTS
from trading_pipeline.adapters.stores.postgres.bulk_copy import copy_text, instants, merge
from trading_pipeline.adapters.stores.postgres.database import reading, repeatable
from trading_pipeline.adapters.stores.postgres.tables import data_checks
from trading_pipeline.domain.model.checks import CheckName, DataCheck, FailedBars
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.judged_bars import JudgedBars
from trading_pipeline.domain.model.timeframes import Timeframe, from_ms
from trading_pipeline.ports.stores.market_data.check_store import CheckStore

_NAMES = [name.value for name in CheckName]
_COLUMNS = ("instrument_id", "timeframe", "close_time", *_NAMES, "run_id")
_STORED = data_checks.c
_IN_RANGE = and_(
    _STORED.instrument_id == any_(bindparam("instrument_ids", type_=ARRAY(Text))),
    _STORED.timeframe == bindparam("timeframe"),
    _STORED.close_time > bindparam("start"),
    _STORED.close_time <= bindparam("end"),
)
_FAILED = VERDICTS.where(AGAINST, _IN_RANGE).order_by(_STORED.instrument_id, _STORED.close_time, ANSWERS.c.name)
_FIRST_CLOSE = func.min(_STORED.close_time).label("first_close")
_FAILED_BARS = (
    select(_STORED.instrument_id, ANSWERS.c.name, ANSWERS.c.detail, func.count().label("bars"))
    .add_columns(_FIRST_CLOSE, func.max(_STORED.close_time).label("last_close"))
    .select_from(JUDGED)
    .where(AGAINST, _STORED.timeframe == bindparam("timeframe"))
    .group_by(_STORED.instrument_id, ANSWERS.c.name, ANSWERS.c.detail)
    .order_by(_STORED.instrument_id, _FIRST_CLOSE, ANSWERS.c.name)
)
_COPY = SQL(f"COPY trading.data_checks ({', '.join(_COLUMNS)}) FROM STDIN")
# Places of the parts of which a bar in their range has a verdict.
_KNOWN = """
SELECT position::int - 1
FROM unnest(%(instrument_ids)s::text[], %(timeframes)s::text[], %(first)s::timestamptz[], %(last)s::timestamptz[])
    WITH ORDINALITY AS series(instrument_id, timeframe, first, last, position)
WHERE EXISTS (
    SELECT FROM trading.data_checks WHERE data_checks.instrument_id = series.instrument_id
    AND data_checks.timeframe = series.timeframe AND close_time BETWEEN first AND last
)
"""
_BARS_AT_ONCE = 10_000
"""Bars whose rows are asked about and sent together: half a megabyte."""
_SOUND = (
    select(
        _STORED.instrument_id,
        func.array_agg(aggregate_order_by(_STORED.close_time, _STORED.close_time)).label("closes"),
    )
    .where(_IN_RANGE, _STORED.passed)
    .group_by(_STORED.instrument_id)
    .order_by(_STORED.instrument_id)
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

    def save(self, judged: Sequence[JudgedBars]) -> int:
        """Copy what nothing is known of, and merge the rest, where an equal verdict is not written again.

        Piece by piece: one verdict that is known must not have a year of them compared.
        """
        parts = [part for one in sorted(judged, key=_series) for part in one.parts(_BARS_AT_ONCE)]
        if not parts:
            return 0
        with repeatable(self._engine) as connection:
            known: set[int] = set(connection.exec_driver_sql(_KNOWN, _ranges(parts)).scalars())
            fresh = [part for place, part in enumerate(parts) if place not in known]
            # Another run may judge a bar of theirs meanwhile; then they are merged like any others.
            with suppress(UniqueViolation), connection.begin_nested():
                if fresh:
                    copy_text(connection, _COPY, self._texts(fresh))
                copied = sum(map(len, fresh))
                return copied + self._merged(connection, [parts[place] for place in sorted(known)])
            return self._merged(connection, parts)

    def _merged(self, connection: Connection, judged: Sequence[JudgedBars]) -> int:
        return merge(connection, data_checks, _COLUMNS, self._texts(judged), ignoring=("run_id",)) if judged else 0

    def _texts(self, judged: Iterable[JudgedBars]) -> Iterator[str]:
        """Rows as COPY reads them."""
        return (_rows(one, self._run_id) for one in judged)

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
        """Bars that were asked everything and of which everything passed."""
        with reading(self._engine) as connection:
            rows = connection.execute(_SOUND, _range(instrument_ids, timeframe, start, end)).all()
        return {InstrumentId(row.instrument_id): [close - timeframe.duration for close in row.closes] for row in rows}


def _range(
    instrument_ids: Sequence[InstrumentId], timeframe: Timeframe, start: datetime, end: datetime
) -> dict[str, object]:
    """On the grid of the timeframe, bars that open in ``[start, end)`` close in ``(start, end]``."""
    return {"instrument_ids": list(instrument_ids), "timeframe": timeframe.value, "start": start, "end": end}


def _ranges(judged: Sequence[JudgedBars]) -> dict[str, object]:
    """Parameters of a question about all of them, each from its first bar to its last."""
    return {
        "instrument_ids": [one.instrument_id for one in judged],
        "timeframes": [one.timeframe.value for one in judged],
        "first": [from_ms(int(one.close_ms[0])) for one in judged],
        "last": [from_ms(int(one.close_ms[-1])) for one in judged],
    }


def _series(judged: JudgedBars) -> tuple[str, str]:
    """In the order of the primary key."""
    return judged.instrument_id, judged.timeframe.value


def _rows(judged: JudgedBars, run_id: str) -> str:
    """The rows of the bars; of a question that was not asked there is no answer."""
    series = f"{judged.instrument_id}\t{judged.timeframe}\t"
    asked = {name: judged.answers.get(CheckName(name)) for name in _NAMES}
    passed = "\t".join("\\N" if against is None else "" for against in asked.values())
    closes = instants(judged.close_ms)
    lines = [f"{series}{close}\t{passed}\t{run_id}\n" for close in closes]
    for place in {place for against in judged.answers.values() for place in against}:
        answers = ["\\N" if against is None else _escaped(against.get(place, "")) for against in asked.values()]
        lines[place] = "\t".join([f"{series}{closes[place]}", *answers, f"{run_id}\n"])
    return "".join(lines)


def _escaped(text: str) -> str:
    """As COPY reads a text that may hold anything."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")

"""Verdicts about bars in PostgreSQL."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime

from psycopg.errors import UniqueViolation
from psycopg.sql import SQL
from sqlalchemy import Connection, Engine, Text, and_, any_, bindparam, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by

from trading_pipeline.adapters.stores.postgres.bulk_copy import copy_text, instants, merge
from trading_pipeline.adapters.stores.postgres.database import reading, repeatable
from trading_pipeline.adapters.stores.postgres.tables import data_checks
from trading_pipeline.domain.model.checks import CheckName, DataCheck, FailedBars
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.judged_bars import JudgedBars
from trading_pipeline.domain.model.timeframes import Timeframe, from_ms
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
_COPY = SQL(f"COPY trading.data_checks ({', '.join(_COLUMNS)}) FROM STDIN")
# Places of the series of which a bar in their range has a verdict.
_KNOWN = """
SELECT position::int - 1
FROM unnest(%(instrument_ids)s::text[], %(timeframes)s::text[], %(first)s::timestamptz[], %(last)s::timestamptz[])
    WITH ORDINALITY AS series(instrument_id, timeframe, first, last, position)
WHERE EXISTS (
    SELECT FROM trading.data_checks WHERE data_checks.instrument_id = series.instrument_id
    AND data_checks.timeframe = series.timeframe AND close_time BETWEEN first AND last
)
"""
_BARS_AT_ONCE = 5_000
"""Bars whose rows are sent together: half a megabyte for each question."""
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

    def save(self, judged: Sequence[JudgedBars]) -> int:
        """Copy what nothing is known of, and merge the rest, where an equal verdict is not written again."""
        bars = [one for one in judged if len(one)]
        if not bars:
            return 0
        with repeatable(self._engine) as connection:
            known: set[int] = set(connection.exec_driver_sql(_KNOWN, _ranges(bars)).scalars())
            fresh = [one for place, one in enumerate(bars) if place not in known]
            # Another run may judge a bar of theirs meanwhile; then they are merged like any others.
            with suppress(UniqueViolation), connection.begin_nested():
                if fresh:
                    copy_text(connection, _COPY, self._texts(fresh))
                copied = sum(len(one) * len(one.answers) for one in fresh)
                return copied + self._merged(connection, [bars[place] for place in sorted(known)])
            return self._merged(connection, bars)

    def _merged(self, connection: Connection, judged: Sequence[JudgedBars]) -> int:
        return merge(connection, data_checks, _COLUMNS, self._texts(judged), ignoring=("run_id",)) if judged else 0

    def _texts(self, judged: Iterable[JudgedBars]) -> Iterator[str]:
        """Rows as COPY reads them, some thousands of bars in each text, in the order of the primary key."""
        for one in sorted(judged, key=lambda one: one.instrument_id):
            for first in range(0, len(one), _BARS_AT_ONCE):
                yield _rows(one, range(first, min(first + _BARS_AT_ONCE, len(one))), self._run_id)

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


def _ranges(judged: Sequence[JudgedBars]) -> dict[str, object]:
    """Parameters of a question about all of them, each from its first bar to its last."""
    return {
        "instrument_ids": [one.instrument_id for one in judged],
        "timeframes": [one.timeframe.value for one in judged],
        "first": [from_ms(int(one.close_ms[0])) for one in judged],
        "last": [from_ms(int(one.close_ms[-1])) for one in judged],
    }


def _rows(judged: JudgedBars, places: range, run_id: str) -> str:
    """The rows of some of the bars, each of which has one for every question."""
    series, names = f"{judged.instrument_id}\t{judged.timeframe}\t", sorted(judged.answers)
    # Between two of these stands the instant, so that a bar's rows are put together at once.
    passed = [f"\t{name}\tt\t\t{run_id}\n" for name in names]
    closes = instants(judged.close_ms[places.start : places.stop])
    lines = list(map(_around(series, passed), closes))
    for place in {place for against in judged.answers.values() for place in against if place in places}:
        rows = list(passed)
        for at, name in enumerate(names):
            if detail := judged.answers[name].get(place):
                rows[at] = f"\t{name}\tf\t{_escaped(detail)}\t{run_id}\n"
        lines[place - places.start] = _around(series, rows)(closes[place - places.start])
    return "".join(lines)


def _around(series: str, rows: Sequence[str]) -> Callable[[str], str]:
    """Puts an instant between the series and the rest of each row."""
    parts = [series, *(f"{row}{series}" for row in rows[:-1]), *rows[-1:]]
    return lambda close: close.join(parts)


def _escaped(text: str) -> str:
    """As COPY reads a text that may hold anything."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")

"""Bars in PostgreSQL, consolidated and read as frames."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd
from psycopg.errors import LockNotAvailable
from sqlalchemy import bindparam, exists, func, literal_column, or_, select, tuple_
from sqlalchemy.dialects.postgresql import Insert, aggregate_order_by, distinct_on, insert
from sqlalchemy.exc import OperationalError

from trading_pipeline.adapters.stores.market_data.raw_bar_store import (
    BEST_FIRST,
    IN_RANGE,
    PostgresRawBarStore,
)
from trading_pipeline.adapters.stores.market_data.told_bars import NUMBERS
from trading_pipeline.adapters.stores.postgres.bulk_copy import read_arrays
from trading_pipeline.adapters.stores.postgres.database import reading, repeatable
from trading_pipeline.adapters.stores.postgres.schemas import BARS, validated
from trading_pipeline.adapters.stores.postgres.tables import bars, raw_bars
from trading_pipeline.domain.model.bar_history import Conflict, FirstAvailableBar
from trading_pipeline.domain.model.bars import BAR_COLUMNS
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.stores.market_data.bar_store import BarStore

_HEARD = raw_bars.c
_KEY = tuple(column.name for column in bars.primary_key)
_VALUES = ("close_time", *NUMBERS, "source")


def _consolidate() -> Insert:
    """Write the best row of each bar, where another one or none is stored."""
    best = (
        select(*(_HEARD[name] for name in (*_KEY, *_VALUES)))
        .ext(distinct_on(_HEARD.instrument_id, _HEARD.open_time))
        .where(IN_RANGE)
        .order_by(*BEST_FIRST)
        .cte("best")
    )
    stored = bars.alias("stored")
    unchanged = exists().where(
        *(stored.c[name] == best.c[name] for name in _KEY),
        tuple_(*(stored.c[name] for name in _VALUES)).is_not_distinct_from(tuple_(*(best.c[name] for name in _VALUES))),
    )
    statement = insert(bars).from_select(
        (*_KEY, *_VALUES, "run_id"), select(best, bindparam("by_run")).where(~unchanged)
    )
    changes = {name: statement.excluded[name] for name in (*_VALUES, "run_id")}
    statement = statement.on_conflict_do_update(index_elements=_KEY, set_=changes)
    # SQLAlchemy forgets how many rows an INSERT wrote unless it is asked to keep the number.
    return statement.execution_options(preserve_rowcount=True)


_CONSOLIDATE = _consolidate()

Series = tuple[npt.NDArray[np.generic], ...]
"""Bars of one instrument, an array per column of ``SERIES_COLUMNS``, ascending."""
SERIES_COLUMNS = ("open_time", "close_time", *NUMBERS)

# Read below SQLAlchemy, which makes an object of every value; in the order of ``SERIES_COLUMNS``, without closes, as
# they lie a bar's length behind the opens. Each instrument's bars come in the order of the primary key: sorted all
# together they took longer than everything else.
_FRAME = """
SELECT wanted.instrument_id, gathered.*
FROM unnest(%(instrument_ids)s::text[]) WITH ORDINALITY AS wanted(instrument_id, position)
CROSS JOIN LATERAL (
    SELECT array_agg(open_time), array_agg(open), array_agg(high), array_agg(low),
        array_agg(close), array_agg(volume), array_agg(turnover)
    FROM (
        SELECT open_time, open::float8, high::float8, low::float8, close::float8,
            volume::float8, turnover::float8
        FROM trading.bars
        WHERE bars.instrument_id = wanted.instrument_id AND timeframe = %(timeframe)s
            AND open_time >= %(start)s AND open_time < %(end)s
        ORDER BY open_time
    ) AS ascending
    HAVING count(*) > 0
) AS gathered ORDER BY position
"""

# Distinct, as several sources tell of one bar.
_COUNTS = (
    select(_HEARD.instrument_id, func.count(_HEARD.open_time.distinct()).label("bars"))
    .where(IN_RANGE)
    .group_by(_HEARD.instrument_id)
)
_TIMES = (
    select(_HEARD.instrument_id, func.array_agg(_HEARD.open_time.distinct()).label("times"))
    .where(IN_RANGE)
    .group_by(_HEARD.instrument_id)
)

_TOLD = func.concat_ws(" ", _HEARD.source, func.concat_ws("/", _HEARD.open, _HEARD.high, _HEARD.low, _HEARD.close))
# Most histories are told by one source: sorting their bars to compare each with itself takes longer than reading them.
_OF_SEVERAL_SOURCES = (
    select(_HEARD.instrument_id)
    .where(IN_RANGE)
    .group_by(_HEARD.instrument_id)
    .having(func.min(_HEARD.source) != func.max(_HEARD.source))
)
_CONFLICTS = (
    select(
        _HEARD.instrument_id,
        _HEARD.open_time,
        func.string_agg(_TOLD, aggregate_order_by(literal_column("', '"), _HEARD.source)).label("detail"),
    )
    .where(IN_RANGE)
    .group_by(_HEARD.instrument_id, _HEARD.open_time)
    .having(
        func.count() > 1,
        # A person who mended a bar has settled what it is.
        ~func.bool_or(_HEARD.source == "mended"),
        or_(*(func.min(_HEARD[name]) != func.max(_HEARD[name]) for name in ("open", "high", "low", "close"))),
    )
    .order_by(_HEARD.instrument_id, _HEARD.open_time)
)


class PostgresBarStore(PostgresRawBarStore, BarStore):
    """``raw_bars``, ``bars``, ``waves`` and ``listings``; one transaction per call."""

    def missing(
        self, instrument_ids: Sequence[InstrumentId], timeframe: Timeframe, start: datetime, end: datetime
    ) -> dict[InstrumentId, list[datetime]]:
        """Count first; look bar by bar only where the count falls short."""
        # Looked up once: of a year of minutes it would take longer than the multiplication.
        length = timeframe.duration
        grid = [start + step * length for step in range(max(0, (end - start) // length))]
        with reading(self._engine) as connection:
            counts = connection.execute(_COUNTS, _range(instrument_ids, timeframe, start, end)).all()
            found = {InstrumentId(row.instrument_id): row.bars for row in counts}
            short = [instrument_id for instrument_id in instrument_ids if found.get(instrument_id, 0) < len(grid)]
            # Almost always nothing is missing: only the instruments that fall short are looked at bar by bar.
            times = connection.execute(_TIMES, _range(short, timeframe, start, end)).all()
        present = {InstrumentId(row.instrument_id): set(row.times) for row in times}
        return {
            instrument_id: [time for time in grid if time not in present[instrument_id]]
            if instrument_id in present
            else list(grid)
            for instrument_id in short
        }

    def sum_up(self) -> None:
        """Bring the index of ``heard_in`` up to the newest row, unless somebody works at the table.

        Autovacuum does so within a minute; until then whoever asks what came late reads all rows not summed up yet.
        """
        try:
            with self._engine.begin() as connection:
                connection.exec_driver_sql("SET LOCAL lock_timeout = '100ms'")
                connection.exec_driver_sql("SELECT brin_summarize_new_values('trading.raw_bars_by_transaction')")
        except OperationalError as error:
            # What holds the table is autovacuum, or another run that does the same.
            if not isinstance(error.orig, LockNotAvailable):
                raise

    def first_raw_open(self, instrument_id: InstrumentId, timeframe: Timeframe, since: datetime) -> datetime | None:
        """The least ``open_time`` (UTC) of any source."""
        return self._instant(
            "SELECT min(open_time) FROM trading.raw_bars"
            " WHERE instrument_id = %(instrument_id)s AND timeframe = %(timeframe)s AND open_time >= %(since)s",
            {"instrument_id": instrument_id, "timeframe": timeframe.value, "since": since},
        )

    def first_available_bars(
        self, instrument_ids: Sequence[InstrumentId], timeframe: Timeframe
    ) -> dict[InstrumentId, FirstAvailableBar]:
        """Read from ``listings``."""
        query = (
            "SELECT instrument_id, asked_from, first_open FROM trading.listings"
            " WHERE instrument_id = ANY(%(instrument_ids)s) AND timeframe = %(timeframe)s"
        )
        with reading(self._engine) as connection:
            rows = connection.exec_driver_sql(
                query, {"instrument_ids": list(instrument_ids), "timeframe": timeframe.value}
            )
            return {
                InstrumentId(row.instrument_id): FirstAvailableBar(
                    InstrumentId(row.instrument_id), row.asked_from, row.first_open
                )
                for row in rows
            }

    def record_first_available_bar(self, listing: FirstAvailableBar, timeframe: Timeframe) -> None:
        """Upsert the row of instrument and timeframe."""
        with self._engine.begin() as connection:
            connection.exec_driver_sql(
                "INSERT INTO trading.listings (instrument_id, timeframe, asked_from, first_open, run_id)"
                " VALUES (%(instrument_id)s, %(timeframe)s, %(asked_from)s, %(first_open)s, %(run_id)s)"
                " ON CONFLICT (instrument_id, timeframe)"
                " DO UPDATE SET asked_from = excluded.asked_from, first_open = excluded.first_open,"
                " run_id = excluded.run_id",
                {
                    "instrument_id": listing.instrument_id,
                    "timeframe": timeframe.value,
                    "asked_from": listing.asked_from,
                    "first_open": listing.first_open,
                    "run_id": self._run_id,
                },
            )

    def conflicts(
        self, instrument_ids: Sequence[InstrumentId], timeframe: Timeframe, start: datetime, end: datetime
    ) -> list[Conflict]:
        """Group raw bars by open time and compare their prices."""
        with reading(self._engine) as connection:
            of_several = connection.execute(_OF_SEVERAL_SOURCES, _range(instrument_ids, timeframe, start, end))
            rows = connection.execute(_CONFLICTS, _range(list(of_several.scalars()), timeframe, start, end))
            return [Conflict(InstrumentId(row.instrument_id), row.open_time, row.detail) for row in rows]

    def consolidate(
        self, instrument_ids: Sequence[InstrumentId], timeframe: Timeframe, start: datetime, end: datetime
    ) -> int:
        """Choose and write in one statement, leaving equal rows untouched."""
        scope = _range(instrument_ids, timeframe, start, end)
        with repeatable(self._engine) as connection:
            return connection.execute(_CONSOLIDATE, {**scope, "by_run": self._run_id}).rowcount

    def frame(
        self, instrument_ids: Sequence[InstrumentId], timeframe: Timeframe, start: datetime, end: datetime
    ) -> pd.DataFrame:
        """Gather the range as one array per instrument and column."""
        return framed(self.series(instrument_ids, timeframe, start, end))

    def series(
        self, instrument_ids: Sequence[InstrumentId], timeframe: Timeframe, start: datetime, end: datetime
    ) -> dict[InstrumentId, Series]:
        """The arrays themselves, by instrument in ascending order; one without bars is left out."""
        with reading(self._engine) as connection:
            rows = read_arrays(connection, _FRAME, _range(instrument_ids, timeframe, start, end))
        length = np.timedelta64(timeframe.ms, "ms")
        found: dict[InstrumentId, Series] = {}
        for name, opens, *numbers in rows:
            opened = np.asarray(opens)
            found[InstrumentId(str(name))] = (opened, opened + length, *map(np.asarray, numbers))
        return found


def framed(series: Mapping[InstrumentId, Series]) -> pd.DataFrame:
    """One frame of the series in their order, with ``BAR_COLUMNS``.

    :raises DataError: a row breaks the schema of bars.
    """
    columns = {name: [one[place] for one in series.values()] for place, name in enumerate(SERIES_COLUMNS)}
    counts = [len(times) for times in columns["open_time"]]
    frame = pd.DataFrame({name: _joined(name, columns[name]) for name in SERIES_COLUMNS})
    names = np.repeat(np.array(list(series), dtype=object), counts)
    frame.insert(0, "instrument_id", pd.Series(names, dtype="str"))
    return validated(frame[list(BAR_COLUMNS)], BARS)


def _joined(name: str, arrays: Sequence[npt.NDArray[np.generic]]) -> "pd.Series[float] | pd.DatetimeIndex":
    """The arrays of all instruments as one column."""
    # The empty array gives a column without bars its type; of nothing at all numpy makes none.
    if name in NUMBERS:
        return pd.Series(np.concatenate([*arrays, np.empty(0, np.float64)]))
    return pd.DatetimeIndex(np.concatenate([*arrays, np.empty(0, "datetime64[us]")])).tz_localize("UTC")


def _range(
    instrument_ids: Sequence[InstrumentId], timeframe: Timeframe, start: datetime, end: datetime
) -> dict[str, object]:
    """Parameters of a query over a range; instruments sorted, because frames are."""
    return {"instrument_ids": sorted(instrument_ids), "timeframe": timeframe.value, "start": start, "end": end}

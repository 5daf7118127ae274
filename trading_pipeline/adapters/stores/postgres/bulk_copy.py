"""Moving many rows at once: columns out as arrays, text rows in by COPY.

Row-by-row reading costs a message and a Python object per value. Here the server gathers each instrument's
values into one array per column, and a binary array of numbers is already what numpy reads.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Literal, LiteralString, cast

import numpy as np
import numpy.typing as npt
import psycopg
from psycopg import pq
from psycopg.adapt import Buffer, Loader
from psycopg.sql import SQL, Composed, Identifier
from sqlalchemy import Connection, Table
from sqlalchemy.exc import OperationalError

Parameters = Mapping[str, object]
Row = Sequence[str | None]

_ARRAY_HEADER_BYTES = 20  # dimensions, null flag, element type, length, lower bound
_ELEMENT = {"f8": np.dtype([("bytes", ">i4"), ("value", ">f8")]), "i8": np.dtype([("bytes", ">i4"), ("value", ">i8")])}
_EPOCH_OFFSET_US = 946_684_800_000_000  # PostgreSQL counts microseconds from 2000-01-01


class _FloatsLoader(Loader):
    """``float8[]`` without nulls, as float64."""

    format = pq.Format.BINARY

    def load(self, data: Buffer) -> npt.NDArray[np.float64]:
        """The array's values."""
        return _elements(data, "f8").astype(np.float64)


class _InstantsLoader(Loader):
    """``timestamptz[]`` without nulls, as ``datetime64[us]`` in UTC."""

    format = pq.Format.BINARY

    def load(self, data: Buffer) -> npt.NDArray[np.datetime64]:
        """The array's values."""
        return (_elements(data, "i8").astype(np.int64) + _EPOCH_OFFSET_US).view("datetime64[us]")


def _elements(data: Buffer, kind: str) -> npt.NDArray[np.generic]:
    """Values of a one-dimensional binary array whose elements are all eight bytes long."""
    raw = bytes(data)
    dimensions, nulls = struct.unpack_from(">ii", raw)
    if nulls:
        raise psycopg.DataError("an array of bars contains NULL; its columns are declared NOT NULL")
    if not dimensions:
        return np.empty(0, _ELEMENT[kind])["value"]
    return np.frombuffer(raw, _ELEMENT[kind], offset=_ARRAY_HEADER_BYTES)["value"]


def read_arrays(connection: Connection, query: str, parameters: Parameters) -> list[tuple[object, ...]]:
    """Rows of a query in which ``float8[]`` and ``timestamptz[]`` arrive as numpy arrays."""
    # Loaders of this cursor alone: every other query keeps lists and datetimes.
    with _driver(connection).cursor(binary=True) as cursor:
        cursor.adapters.register_loader(psycopg.adapters.types["float8"].array_oid, _FloatsLoader)
        cursor.adapters.register_loader(psycopg.adapters.types["timestamptz"].array_oid, _InstantsLoader)
        return cursor.execute(query, parameters).fetchall()


def stage(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Row | str]) -> str:
    """Copy rows of text into a temporary table that is empty again after the transaction.

    The session keeps it: to make one takes as long as to merge the rows of a wave, and tells every other session.

    :param columns: names of columns of ``table``, which give the temporary ones their types.
    :param rows: values in PostgreSQL's own spelling, ``None`` for no value; or texts as ``copy_text`` takes them.
    :returns: the temporary table's name.
    """
    name = f"staged_{table.name}"
    staged = Identifier(name)
    # In one message, and emptied because the transaction may have staged rows of this table before.
    made = SQL(
        "CREATE TEMPORARY TABLE IF NOT EXISTS {staged} ON COMMIT DELETE ROWS AS SELECT {columns} FROM {table}"
        " WITH NO DATA; DELETE FROM {staged}"
    )
    _execute(connection, made.format(staged=staged, columns=_listed(columns), table=_name(table)))
    statement = SQL("COPY {} FROM STDIN").format(staged)
    with _as_by_sqlalchemy(statement), _driver(connection).cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            if isinstance(row, str):
                copy.write(row)
            else:
                copy.write_row(row)
    return name


def copy_text(connection: Connection, statement: SQL, rows: Iterable[str]) -> None:
    """COPY rows that are in PostgreSQL's text format already, a message for each text of them.

    :param statement: ``COPY ... FROM STDIN``.
    :param rows: any number of rows in each text, every row with its line end.
    """
    with _as_by_sqlalchemy(statement), _driver(connection).cursor() as cursor, cursor.copy(statement) as copy:
        for text in rows:
            copy.write(text)


def instants(times_ms: npt.NDArray[np.int64]) -> list[str]:
    """UTC milliseconds as COPY reads them; no longer than they have to be, as the server reads every character."""
    unit: Literal["ms", "m"] = "ms" if np.any(times_ms % 60_000) else "m"
    texts: list[str] = np.datetime_as_string(times_ms.astype("datetime64[ms]"), unit=unit, timezone="UTC").tolist()
    return texts


def merge(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    rows: Iterable[Row | str],
    *,
    unless: LiteralString = "FALSE",
    ignoring: Sequence[str] = (),
) -> int:
    """Insert or update rows by primary key, leaving rows that would not change untouched.

    A conflict alone would lock and rewrite every row; so equal rows are left out before the insert.

    :param unless: condition on the stored row (``stored``) under which it must stay as it is.
    :param ignoring: columns whose difference alone is no reason to write.
    :returns: rows inserted or updated.
    """
    staged = stage(connection, table, columns, rows)
    return _execute(connection, _merge(table, staged, columns, SQL(unless), ignoring))


# The condition stands twice: another transaction may have changed the row since the comparison.
_MERGE = SQL(
    "INSERT INTO {table} AS stored ({columns}) SELECT {columns} FROM {staged} AS fresh"
    " WHERE NOT EXISTS (SELECT FROM {table} AS stored WHERE {same_key}"
    " AND (ROW({stored}) IS NOT DISTINCT FROM ROW({fresh}) OR {unless}))"
    " ORDER BY {keys} ON CONFLICT ({keys}) DO UPDATE SET {updates} WHERE NOT ({unless})"
)


def _merge(table: Table, staged: str, columns: Sequence[str], unless: SQL, ignoring: Sequence[str]) -> Composed:
    keys = [column.name for column in table.primary_key]
    values = [column for column in columns if column not in keys]
    compared = [column for column in values if column not in ignoring]
    return _MERGE.format(
        table=_name(table),
        staged=Identifier(staged),
        columns=_listed(columns),
        keys=_listed(keys),
        stored=_listed(compared, "stored"),
        fresh=_listed(compared, "fresh"),
        same_key=SQL(" AND ").join(SQL("stored.{0} = fresh.{0}").format(Identifier(key)) for key in keys),
        # Of all values, ignored ones too: a row that is written names its writer.
        updates=SQL(", ").join(SQL("{0} = excluded.{0}").format(Identifier(column)) for column in values),
        unless=unless,
    )


def _name(table: Table) -> Identifier:
    return Identifier(*table.fullname.split("."))


def _listed(columns: Sequence[str], *side: str) -> Composed:
    """Columns one after the other, each of a ``side`` where there is one."""
    return SQL(", ").join(Identifier(*side, column) for column in columns)


def _execute(connection: Connection, statement: Composed) -> int:
    """Run a statement as SQLAlchemy runs its own; the number of rows it wrote."""
    return connection.exec_driver_sql(statement.as_string()).rowcount


@contextmanager
def _as_by_sqlalchemy(statement: SQL | Composed) -> Iterator[None]:
    """A server that is lost or has no room left is told as by any other statement."""
    try:
        yield
    except psycopg.OperationalError as error:
        raise OperationalError(statement.as_string(), None, error) from error


def _driver(connection: Connection) -> "psycopg.Connection[tuple[object, ...]]":
    """The psycopg connection below SQLAlchemy's."""
    return cast("psycopg.Connection[tuple[object, ...]]", connection.connection.driver_connection)

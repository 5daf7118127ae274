"""Moving many rows at once: columns out as arrays, text rows in by COPY.

Row-by-row reading costs a message and a Python object per value. Here the server gathers each instrument's
values into one array per column, and a binary array of numbers is already what numpy reads.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

import numpy as np
import numpy.typing as npt
import psycopg
from psycopg import pq
from psycopg.adapt import Buffer, Loader
from sqlalchemy import Connection, Table

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
    with _driver(connection).cursor(binary=True) as cursor:
        cursor.adapters.register_loader(psycopg.adapters.types["float8"].array_oid, _FloatsLoader)
        cursor.adapters.register_loader(psycopg.adapters.types["timestamptz"].array_oid, _InstantsLoader)
        return cursor.execute(query, parameters).fetchall()


def stage(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Row]) -> str:
    """Copy rows of text into a temporary table that is gone after the transaction.

    :param columns: names of columns of ``table``, which give the temporary ones their types.
    :param rows: values in PostgreSQL's own spelling, ``None`` for no value.
    :returns: the temporary table's name.
    """
    name = f"staged_{table.name}"
    listed = ", ".join(f'"{column}"' for column in columns)
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name}")
    connection.exec_driver_sql(
        f"CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS SELECT {listed} FROM {table.fullname} WITH NO DATA"  # noqa: S608
    )
    with _driver(connection).cursor() as cursor, cursor.copy(f"COPY {name} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    return name


def merge(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    rows: Iterable[Row],
    *,
    unless: str = "FALSE",
    ignoring: Sequence[str] = (),
) -> int:
    """Insert or update rows by primary key, leaving rows that would not change untouched.

    A conflict alone would lock and rewrite every row; so equal rows are left out before the insert.

    :param unless: condition on the stored row (``stored``) under which it must stay as it is.
    :param ignoring: columns whose difference alone is no reason to write.
    :returns: rows inserted or updated.
    """
    staged = stage(connection, table, columns, rows)
    keys = [column.name for column in table.primary_key]
    values = [column for column in columns if column not in keys]
    compared = [column for column in values if column not in ignoring]
    stored, fresh = (", ".join(f'{side}."{column}"' for column in compared) for side in ("stored", "fresh"))
    same_key = " AND ".join(f'stored."{key}" = fresh."{key}"' for key in keys)
    listed = ", ".join(f'"{column}"' for column in columns)
    updates = ", ".join(f'"{column}" = excluded."{column}"' for column in values)
    # The condition stands twice: another transaction may have changed the row since the comparison.
    result = connection.exec_driver_sql(
        f"INSERT INTO {table.fullname} AS stored ({listed}) SELECT {listed} FROM {staged} AS fresh"  # noqa: S608
        f" WHERE NOT EXISTS (SELECT FROM {table.fullname} AS stored WHERE {same_key}"
        f" AND (ROW({stored}) IS NOT DISTINCT FROM ROW({fresh}) OR {unless}))"
        f" ORDER BY {', '.join(keys)}"
        f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {updates} WHERE NOT ({unless})"
    )
    return result.rowcount


def _driver(connection: Connection) -> "psycopg.Connection[tuple[object, ...]]":
    """The psycopg connection below SQLAlchemy's."""
    return cast("psycopg.Connection[tuple[object, ...]]", connection.connection.driver_connection)

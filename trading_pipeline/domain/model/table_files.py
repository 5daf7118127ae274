"""A table in a file of any format that people keep bars in: CSV, JSON, JSONL, Parquet, Feather."""

import io
import json
from dataclasses import dataclass

import pandas as pd

from trading_pipeline.domain.model.archives import MOST_BYTES, opened
from trading_pipeline.domain.model.csv_tables import MOST_COLUMNS, csv_of
from trading_pipeline.domain.model.errors import DataError

_JSON_LINES = (".jsonl", ".ndjson")


@dataclass(frozen=True, slots=True)
class FileTable:
    """Rows as they stand in a file.

    :param named: whether the file names its columns; else they are called ``column 1`` and so on.
    :param form: how it is written and packed, for people.
    """

    frame: pd.DataFrame
    named: bool
    form: str


def file_table(content: bytes, origin: str, most_bytes: int = MOST_BYTES) -> FileTable:
    """The table in a file, by the ending of its name; without one that is known, it is a CSV.

    :param origin: the file's name.
    :raises DataError: broken, too large, or no table.
    """
    # Before it is unpacked, and once more within: a small archive may hold a very large file.
    if len(content) > most_bytes:
        raise DataError(f"{origin}: has more than {most_bytes:,} bytes; cut it into smaller files")
    inside = opened(content, origin, most_bytes)
    name = inside.name.lower()
    if name.endswith((".parquet", ".feather")):
        table = _columnar(inside.content, origin, name.rpartition(".")[2])
    elif name.endswith((".json", *_JSON_LINES)):
        table = _json(inside.content, origin, lines=name.endswith(_JSON_LINES))
    else:
        found = csv_of(inside.content, origin)
        table = FileTable(found.frame, found.header, found.form)
    if len(table.frame.columns) > MOST_COLUMNS:
        raise DataError(f"{origin}: has {len(table.frame.columns)} columns; a table of bars has a dozen")
    return FileTable(table.frame, table.named, f"{table.form}, packed as {inside.packing}") if inside.packing else table


def _columnar(content: bytes, origin: str, kind: str) -> FileTable:
    """Parquet, or Feather as freqtrade writes it; an index that holds something becomes a column."""
    read = pd.read_parquet if kind == "parquet" else pd.read_feather
    try:
        frame = read(io.BytesIO(content))
    except (ValueError, OSError, KeyError, TypeError) as error:
        cause = " ".join(str(error).split())[:200]
        raise DataError(f"{origin} is no sound {kind.capitalize()}: {cause}") from error
    # pandas may have written the time as the index, where no column would be found to hold it.
    kept = isinstance(frame.index, pd.RangeIndex) and frame.index.name is None
    return FileTable(frame if kept else frame.reset_index(), True, kind.capitalize())


def _json(content: bytes, origin: str, *, lines: bool) -> FileTable:
    """A list of rows, or one row a line; a row is an object, or a list as freqtrade writes it."""
    kind = "JSON lines" if lines else "JSON"
    try:
        # The outermost list of many lines, so that both are read by one parser.
        text = b"[" + b",".join(line for line in content.splitlines() if line.strip()) + b"]" if lines else content
        rows = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{origin} is no {kind}: {error}") from error
    if not isinstance(rows, list) or not rows:
        raise DataError(f"{origin}: is no list of rows; give [[time, open, high, low, close, volume], ...]")
    if isinstance(rows[0], (list, dict)) and len(rows[0]) > MOST_COLUMNS:
        raise DataError(f"{origin}: has {len(rows[0])} columns; a table of bars has a dozen")
    if all(isinstance(row, list) for row in rows):
        _same(rows, [len(row) for row in rows], "fields", origin)
        names = [f"column {place + 1}" for place in range(len(rows[0]))]
        return FileTable(pd.DataFrame(rows, columns=names), False, f"{kind}, rows without names")
    if all(isinstance(row, dict) for row in rows):
        _same(rows, [sorted(row) for row in rows], "names", origin)
        return FileTable(pd.DataFrame(rows), True, kind)
    raise DataError(f"{origin}: mixes rows of different kinds; write every row as an object, or every one as a list")


def _same(rows: list[object], shapes: list[object], what: str, origin: str) -> None:
    """Refuse rows of another shape than the first: what is missing in one would be a number nobody wrote."""
    for place, shape in enumerate(shapes):
        if shape != shapes[0]:
            raise DataError(f"{origin}: row {place + 1} of {len(rows)} has other {what} than row 1: {shape}")

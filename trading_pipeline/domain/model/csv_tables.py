"""A table of numbers in a CSV, plain or packed: every row has the fields that the header names.

The shape is looked at before pandas reads: it takes the first column for an index, in silence, where
rows have one field more than the header, and every other column is another one then.
"""

import io

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from trading_pipeline.domain.model.archives import unpacked
from trading_pipeline.domain.model.errors import DataError

_WAY_OUT = "name every column and write every row in full"
# Characters of the header that a message quotes.
_SHOWN = 80
_COMMA, _END, _QUOTE = (ord(character) for character in ',\n"')


def table_of(content: bytes, origin: str) -> pd.DataFrame:
    """The rows of a CSV file. An empty field behind a comma at the end of a row is none.

    :param content: of the file, packed as its name says (see ``archives``).
    :param origin: the file's name.
    :raises DataError: broken, no table, or rows of another number of fields than the header.
    """
    lines = unpacked(content, origin).replace(b"\r\n", b"\n").replace(b"\r", b"\n").rstrip(b"\n") + b"\n"
    try:
        # Types are decided over whole columns (low_memory off): decided
        # piecewise, one column could be numbers above and text below.
        return pd.read_csv(io.BytesIO(_shaped(lines, origin)), index_col=False, low_memory=False)
    except (UnicodeDecodeError, pd.errors.EmptyDataError, pd.errors.ParserError) as error:
        cause = " ".join(str(error).split())
        raise DataError(f"{origin} is no CSV: {cause}") from error


def _shaped(lines: bytes, origin: str) -> bytes:
    """The lines without the commas that a row ends in beyond the header.

    :raises DataError: names the first row (1 is the first below the header) whose fields are not the header's.
    """
    characters = np.frombuffer(lines, np.uint8)
    quotes = np.flatnonzero(characters == _QUOTE)
    ends, commas = _outside(characters == _END, quotes), _outside(characters == _COMMA, quotes)
    # Every file ends with a line end by now, so that none outside quotation marks means that one stays open.
    if not len(ends):
        raise DataError(f"{origin} is no CSV: a quotation mark is never closed")
    begins = np.concatenate([[0], ends[:-1] + 1])
    fields = np.diff(np.searchsorted(commas, ends), prepend=0) + 1
    written = begins < ends  # a line without a character is no row
    begins, ends, fields = begins[written], ends[written], fields[written]
    if not len(ends):
        raise DataError(f"{origin} is empty; give a CSV with a header")
    # An empty field behind a comma at the end of a row loses nothing,
    # so it is cut off; any other extra field shifts columns.
    hanging = (fields == fields[0] + 1) & (characters[ends - 1] == _COMMA)
    other = (fields != fields[0]) & ~hanging
    if other.any():
        header = lines[begins[0] : ends[0]].decode(errors="replace")[:_SHOWN]
        raise DataError(f"{origin}: {_difference(fields, other)} and the header {fields[0]} ({header!r}); {_WAY_OUT}")
    return np.delete(characters, ends[hanging] - 1).tobytes() if hanging.any() else lines


def _difference(fields: NDArray[np.int64], other: NDArray[np.bool_]) -> str:
    """Which rows have how many fields."""
    first = int(np.argmax(other))
    if other[1:].all() and (fields[1:] == fields[1]).all():
        return f"rows have {fields[1]} field{'s' if fields[1] > 1 else ''}"
    return f"row {first} has {fields[first]} field{'s' if fields[first] > 1 else ''}"


def _outside(found: NDArray[np.bool_], quotes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Positions of the characters found that do not stand between quotation marks."""
    # Outside means an even number of quotation marks before it;
    # one that is doubled inside a field keeps the count even.
    places = np.flatnonzero(found)
    return places[np.searchsorted(quotes, places) % 2 == 0] if len(quotes) else places

"""A table of numbers in a CSV, plain or packed: every row has the fields that the header names.

The shape is looked at before pandas reads: it takes the first column for an index, in silence, where
rows have one field more than the header, and every other column is another one then.
"""

import io
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from trading_pipeline.domain.model.archives import unpacked
from trading_pipeline.domain.model.errors import DataError

MOST_COLUMNS = 200
"""A table of bars has a dozen; one of thousands is something else, or means harm."""
_WAY_OUT = "name every column and write every row in full"
# Characters of the header that a message quotes.
_SHOWN = 80
_END, _QUOTE = (ord(character) for character in '\n"')
_DELIMITERS = ",;\t|"
_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
# A line above the header: CryptoDataDownload's address, a comment, Excel's word on the delimiter.
_ABOVE = (b"http", b"#", b"sep=")
# Names of columns where the file has none.
_UNNAMED = "column {}"


@dataclass(frozen=True, slots=True)
class CsvTable:
    """Rows as they stand in a file.

    :param header: whether the file names its columns; else they are called ``column 1`` and so on.
    :param form: how it is written, for people.
    """

    frame: pd.DataFrame
    header: bool
    form: str


def table_of(content: bytes, origin: str) -> pd.DataFrame:
    """The rows of a CSV file. An empty field behind a comma at the end of a row is none.

    :param content: of the file, packed as its name says (see ``archives``).
    :param origin: the file's name.
    :raises DataError: broken, no table, or rows of another number of fields than the header.
    """
    return _parsed(_shaped(_lines(unpacked(content, origin)), origin, ","), origin, ",")


def csv_of(content: bytes, origin: str) -> CsvTable:
    """The rows of a CSV as people have it: of any usual delimiter, with a header or without.

    :param content: not packed any more.
    :raises DataError: as ``table_of``, or more columns than a table of bars can have.
    """
    lines = _lines(content)
    first, _, rest = lines.lstrip(b"\n").partition(b"\n")
    above = first.lower().startswith(_ABOVE) and bool(rest)
    if above:
        lines, (first, _, rest) = rest, rest.partition(b"\n")
    text = first.decode("utf-8-sig", errors="replace")
    # The first of those that are equally frequent: commas, as in a table of one column.
    delimiter = max(_DELIMITERS, key=text.count)
    # Before anybody takes the time to read them: pandas needs minutes for the columns of one megabyte of commas.
    if (columns := text.count(delimiter) + 1) > MOST_COLUMNS:
        raise DataError(f"{origin}: has {columns} columns; a table of bars has a dozen")
    header = not _value(text.split(delimiter, 1)[0])
    decimal = "," if delimiter != "," and b"," in rest.partition(b"\n")[0] else "."
    if not header:
        names = delimiter.join(_UNNAMED.format(place + 1) for place in range(columns))
        lines = names.encode() + b"\n" + lines.removeprefix(b"\xef\xbb\xbf")
    frame = _parsed(_shaped(lines, origin, delimiter), origin, delimiter, decimal)
    remarks = [f"CSV with {_NAMES[delimiter]}", *["decimal commas"] * (decimal == ",")]
    remarks += [*["one line above the header"] * above, *["no header"] * (not header)]
    return CsvTable(frame, header, ", ".join(remarks))


def _value(field: str) -> bool:
    """Whether the first field of a file is a time and not the name of a column."""
    return field.strip().strip('"').strip()[:4].isdigit()


def _lines(content: bytes) -> bytes:
    """The content with line ends of one kind, one of them at the end."""
    return content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").rstrip(b"\n") + b"\n"


def _parsed(lines: bytes, origin: str, delimiter: str, decimal: str = ".") -> pd.DataFrame:
    try:
        # Types are decided over whole columns (low_memory off): decided
        # piecewise, one column could be numbers above and text below.
        return pd.read_csv(
            io.BytesIO(lines),
            sep=delimiter,
            decimal=decimal,
            index_col=False,
            low_memory=False,
        )
    except UnicodeDecodeError as error:
        raise DataError(f"{origin} is no text in UTF-8 ({error}); save it as UTF-8") from error
    except (pd.errors.EmptyDataError, pd.errors.ParserError) as error:
        cause = " ".join(str(error).split())
        raise DataError(f"{origin} is no CSV: {cause}") from error


def _shaped(lines: bytes, origin: str, delimiter: str) -> bytes:
    """The lines without the delimiters that a row ends in beyond the header.

    :raises DataError: names the first row (1 is the first below the header) whose fields are not the header's.
    """
    characters = np.frombuffer(lines, np.uint8)
    quotes, separator = np.flatnonzero(characters == _QUOTE), ord(delimiter)
    ends, commas = _outside(characters == _END, quotes), _outside(characters == separator, quotes)
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
    hanging = (fields == fields[0] + 1) & (characters[ends - 1] == separator)
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

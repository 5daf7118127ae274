"""What is inside a packed file: bytes in, bytes out.

The ending of the name says how a file is packed: ``.gz``, ``.bz2``, ``.xz``, or ``.zip`` with one table in it.
Nothing is written to disk, and no more is unpacked than ``MOST_BYTES``: a few kilobytes can hold terabytes of zeros.
"""

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from trading_pipeline.domain.model.errors import DataError

# Known packings that Python 3.11 cannot undo (.zst, .7z, .rar) or that hold folders (.tar): named so
# that the message can give the way out. They are looked at first, because .tar.gz ends in .gz too.
_UNREAD = (".zst", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".7z", ".rar")
# What gzip, bz2, lzma and zipfile raise between them for damaged
# content; RuntimeError is zipfile's word for a member behind a password.
_BROKEN = (OSError, EOFError, ValueError, RuntimeError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)
# Characters of the beginning that a message quotes: enough to recognise an error page.
_SHOWN = 40


MOST_BYTES = 2**30
"""The largest file that is read, packed or unpacked: eight million bars as Binance publishes them."""

_MOST_TIMES = 200
"""Of its own size an archive may unpack to: bars shrink to a fifth or a twentieth, and zeros to a thousandth."""
_LITTLE_BYTES = 2**24
"""As many may come out of an archive however small it is."""

TABLES = (".csv", ".txt", ".json", ".jsonl", ".ndjson", ".parquet", ".feather")
"""Endings of files that may hold a table."""


@dataclass(frozen=True, slots=True)
class Unpacked:
    """The one file inside.

    :param name: its own, which says what it holds.
    :param packing: the ending that said how it was packed, empty for a plain file.
    """

    content: bytes
    name: str
    packing: str = ""


def unpacked(content: bytes, origin: str, most_bytes: int = MOST_BYTES) -> bytes:
    """The one file inside, or the content itself where the name has no ending of a packed file.

    :param origin: the file's name, which says how it is packed, for the message as well.
    :raises DataError: it is broken or too large, holds no table or several, or is packed in a way that is not read.
    """
    return opened(content, origin, most_bytes).content


def opened(content: bytes, origin: str, most_bytes: int = MOST_BYTES) -> Unpacked:
    """The same, with the name of the file inside."""
    name = origin.lower()
    for ending in _UNREAD:
        if name.endswith(ending):
            raise DataError(f"{origin}: {ending} is not read; unpack it, or pack the CSV as .gz, .zip, .xz or .bz2")
    for ending, unpack in _WAYS.items():
        if name.endswith(ending):
            return _tried(unpack, ending, content, origin, most_bytes)
    return Unpacked(content, origin)


def _tried(unpack: "_Unpack", ending: str, content: bytes, origin: str, most_bytes: int) -> Unpacked:
    """The content by one way of packing."""
    try:
        # What is far larger unpacked was made to fill a memory; a table of it would take a dozen times more.
        inside, name = unpack(content, min(most_bytes, max(_LITTLE_BYTES, _MOST_TIMES * len(content))))
        return Unpacked(inside, name or origin[: -len(ending)], ending)
    except DataError as error:
        raise DataError(f"{origin}: {error}") from None
    except _BROKEN as error:
        cause = " ".join(str(error).split())
        raise DataError(f"{origin} is no sound {ending} ({cause}{_beginning(content)}); fetch it again") from error


def _only_table(content: bytes, most_bytes: int) -> tuple[bytes, str]:
    """The only table of a zip archive; folders, and the shadows that a Mac adds, count for nothing."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = [name for name in archive.namelist() if not _shadow(name)]
        for name in files:
            # Nothing is written, so it could do no harm here; whoever packed it meant some.
            if name.startswith(("/", "\\")) or name[1:2] == ":" or ".." in name.replace("\\", "/").split("/"):
                raise DataError(f"names a file outside the archive ({name}); do not trust it")
        for tables in ([name for name in files if name.lower().endswith(ending)] for ending in (".csv", TABLES)):
            if len(tables) == 1:
                with archive.open(tables[0]) as member:
                    return _limited(member, most_bytes), tables[0].rpartition("/")[2]
        tables = [name for name in files if name.lower().endswith(".csv")]
        listed = ", ".join(files[:3]) + (f" and {len(files) - 3} more" if len(files) > 3 else "")
        raise DataError(f"holds {len(tables)} CSV files ({listed or 'nothing'}); pack one CSV alone")


def _limited(stream: IO[bytes] | io.BufferedIOBase, most_bytes: int) -> bytes:
    """Everything of a stream that unpacks as it is read.

    :raises DataError: there is more than ``most_bytes``.
    """
    content = stream.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise DataError(f"unpacks to more than {most_bytes:,} bytes; cut it into smaller files, or unpack it yourself")
    return content


def _gzip(content: bytes, most_bytes: int) -> tuple[bytes, str]:
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
        return _limited(stream, most_bytes), ""


def _bzip2(content: bytes, most_bytes: int) -> tuple[bytes, str]:
    with bz2.BZ2File(io.BytesIO(content)) as stream:
        return _limited(stream, most_bytes), ""


def _xz(content: bytes, most_bytes: int) -> tuple[bytes, str]:
    with lzma.LZMAFile(io.BytesIO(content)) as stream:
        return _limited(stream, most_bytes), ""


def _shadow(name: str) -> bool:
    """Whether a member is a folder or what a Mac writes beside the files."""
    return name.endswith("/") or name.startswith("__MACOSX/") or name.rpartition("/")[2].startswith(".")


def _beginning(content: bytes) -> str:
    """How a text begins, in at most 40 characters; an error page saved under the name of an archive is one."""
    begin = content[:_SHOWN]
    if not begin.isascii() or not begin.decode("ascii").strip().isprintable():
        return ""
    return f"; it begins with {begin.decode('ascii').strip()!r}" if begin.strip() else "; it is empty"


# Guessing from the content would read an error page that was saved as .zip; the ending of the name alone counts.
_Unpack = Callable[[bytes, int], tuple[bytes, str]]
_WAYS: dict[str, _Unpack] = {".gz": _gzip, ".bz2": _bzip2, ".xz": _xz, ".zip": _only_table}

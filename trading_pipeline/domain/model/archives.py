"""What is inside a packed file: bytes in, bytes out.

The ending of the name says how a file is packed: ``.gz``, ``.bz2``, ``.xz``, or ``.zip`` with one CSV in it.
"""

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable

from trading_pipeline.domain.model.errors import DataError

# Known packings that Python 3.11 cannot undo (.zst, .7z, .rar) or that hold folders (.tar): named so
# that the message can give the way out. They are looked at first, because .tar.gz ends in .gz too.
_UNREAD = (".zst", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".7z", ".rar")
# What gzip, bz2, lzma and zipfile raise between them for damaged
# content; RuntimeError is zipfile's word for a member behind a password.
_BROKEN = (OSError, EOFError, ValueError, RuntimeError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)
# Characters of the beginning that a message quotes: enough to recognise an error page.
_SHOWN = 40


def unpacked(content: bytes, origin: str) -> bytes:
    """The one file inside, or the content itself where the name has no ending of a packed file.

    :param origin: the file's name, which says how it is packed, for the message as well.
    :raises DataError: it is broken, holds no CSV or several, or is packed in a way that is not read.
    """
    name = origin.lower()
    for ending in _UNREAD:
        if name.endswith(ending):
            raise DataError(f"{origin}: {ending} is not read; unpack it, or pack the CSV as .gz, .zip, .xz or .bz2")
    for ending, unpack in _WAYS.items():
        if name.endswith(ending):
            return _tried(unpack, ending, content, origin)
    return content


def _tried(unpack: Callable[[bytes], bytes], ending: str, content: bytes, origin: str) -> bytes:
    """The content by one way of packing."""
    try:
        return unpack(content)
    except DataError as error:
        raise DataError(f"{origin}: {error}") from None
    except _BROKEN as error:
        cause = " ".join(str(error).split())
        raise DataError(f"{origin} is no sound {ending} ({cause}{_beginning(content)}); fetch it again") from error


def _only_table(content: bytes) -> bytes:
    """The only CSV of a zip archive; folders, and the shadows that a Mac adds, count for nothing."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = [name for name in archive.namelist() if not _shadow(name)]
        tables = [name for name in files if name.lower().endswith(".csv")]
        if len(tables) != 1:
            listed = ", ".join(files[:3]) + (f" and {len(files) - 3} more" if len(files) > 3 else "")
            raise DataError(f"holds {len(tables)} CSV files ({listed or 'nothing'}); pack one CSV alone")
        return archive.read(tables[0])


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
_WAYS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.decompress,
    ".bz2": bz2.decompress,
    ".xz": lzma.decompress,
    ".zip": _only_table,
}

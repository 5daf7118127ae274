"""Logs that do not grow for ever."""

import os
import shutil
from pathlib import Path

# 20 MiB.
LARGEST_BYTES = 20 << 20
KEPT = 3
"""Older parts of a log that are kept: ``feed.log.1`` is the newest of them."""


def rotate(log: Path, largest_bytes: int = LARGEST_BYTES) -> bool:
    """Copy a log of at least ``largest_bytes`` bytes aside and empty it; returns whether it was so large.

    Its writer appends, so that it goes on at the beginning and needs not be told. A line that is written between
    copying and emptying is lost.
    """
    if not log.is_file() or log.stat().st_size < largest_bytes:
        return False
    for number in range(KEPT - 1, 0, -1):
        part = _part(log, number)
        if part.exists():
            part.replace(_part(log, number + 1))
    shutil.copyfile(log, _part(log, 1))
    os.truncate(log, 0)
    return True


def _part(log: Path, number: int) -> Path:
    return log.with_name(f"{log.name}.{number}")

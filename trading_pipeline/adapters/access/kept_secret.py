"""A secret that nobody was given: made at random once, and kept in the state folder."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def kept_secret(file: Path, make: Callable[[], str]) -> str:
    """What the file holds, for its owner alone; made where there is no file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    # Made for its owner alone from the first moment, and once: another process may be at it, too.
    with suppress(FileExistsError), os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
        new.write(make())
    return file.read_text()

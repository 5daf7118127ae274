"""The folder a system keeps its state in belongs to one system at a time."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trading_pipeline.adapters.parameters.running_system import LOCK
from trading_pipeline.domain.model.errors import ConfigurationError

_THROWAWAY = ".trading-pipeline-replay"
"""Marks a folder that a demo or replay made, and may therefore empty."""


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep the folder for the length of the block; made when missing.

    The lock ends with its process, however that ends.

    :raises ConfigurationError: another system runs in it, or it cannot be written.
    """
    try:
        private(folder)
        lock = (folder / LOCK).open("a")
    except OSError as error:
        raise ConfigurationError(
            f"state folder {folder} cannot be written ({error.strerror}); choose another"
        ) from None
    with lock:
        try:
            # The kernel's lock and not a file with a process id: it
            # ends with the process, even with one that was killed.
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigurationError(f"another system runs in {folder}; end it or choose another folder") from None
        yield


def private(folder: Path) -> None:
    """Make the folder if it is missing, and let nobody else read it: it holds keys, orders and logs.

    Under root the embedded PostgreSQL runs as a user of its own and opens the way to its data again.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Also where it exists: `mkdir` leaves such a folder as it is.
    folder.chmod(0o700)


def refuse_foreign(folder: Path) -> None:
    """Make sure that nothing but a replay's state would be lost with the content of ``folder``.

    :raises ConfigurationError: it holds something else, or is no folder.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ConfigurationError(f"{folder} is no folder; choose another")
    foreign = any(child.name != LOCK for child in folder.iterdir())
    if foreign and not (folder / _THROWAWAY).exists():
        raise ConfigurationError(f"{folder} holds something else than a replay's state; choose another folder")


def empty(folder: Path) -> None:
    """Remove everything but the lock and mark the folder as a replay's."""
    for child in folder.iterdir():
        if child.is_dir() and not child.is_symlink():
            shutil.rmtree(child)
        # The lock is held: a new file of its name would let a second system in.
        elif child.name != LOCK:
            child.unlink()
    (folder / _THROWAWAY).touch()

"""How functions of the engine are compiled.

The compiled form is kept on disk beside the source, or in ``NUMBA_CACHE_DIR``. numba would throw it
away only when the function's own file changes, and go on calling the old form of helpers from other
files; here the stamp is taken over all sources of the engine instead. The stamp counts as a version of
numba's, too: what another version wrote is not even read, and a record class that was renamed since then
would make reading it fail.
"""

import hashlib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import numba
import numpy as np

from trading_pipeline.domain.indicators import ties
from trading_pipeline.domain.model import intrabar_paths

P = ParamSpec("P")
T = TypeVar("T")

at = np.uintp
"""Marks a position as one that cannot be negative, for loops in which that counts.

Compiled code asks of every signed position whether it is meant from the end, which is a third of the time
of a bar on which nothing happens.
"""


def _sources_digest() -> str:
    """SHA-256 over every module of this folder, and those of others that are compiled in."""
    digest = hashlib.sha256()
    others = [Path(inspect.getfile(module)) for module in (ties, intrabar_paths)]
    for path in [*sorted(Path(__file__).parent.glob("*.py")), *others]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


SOURCES_DIGEST = _sources_digest()


def compiled(function: Callable[P, T]) -> Callable[P, T]:
    """Compile at the first call, release the interpreter lock, keep IEEE order of operations.

    Division by zero gives infinity or NaN as in numpy, without a branch in every division.
    """
    made = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=False)(function)
    if hasattr(made, "_cache"):  # absent under NUMBA_DISABLE_JIT
        stored = made._cache._cache_file
        stored._source_stamp = SOURCES_DIGEST
        stored._version = f"{stored._version} {SOURCES_DIGEST}"
    result: Callable[P, T] = made
    return result

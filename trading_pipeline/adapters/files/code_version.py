"""Which code decided: a digest of everything that turns bars into trades."""

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

import trading_pipeline.domain

_DOMAIN = Path(trading_pipeline.domain.__file__).parent


@cache
def deciding_code_version() -> str:
    """Version of the package and twelve hex digits over the sources of the whole domain.

    Unlike a commit it is the same for the same code, whatever else changed around it.
    """
    digest = hashlib.sha256()
    for path in sorted(_DOMAIN.rglob("*.py")):
        # The name too: a file that is renamed is imported differently.
        digest.update(path.relative_to(_DOMAIN).as_posix().encode() + b"\0" + path.read_bytes())
    return f"{version('trading-pipeline')}+{digest.hexdigest()[:12]}"

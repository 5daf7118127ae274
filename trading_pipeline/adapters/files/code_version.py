"""Which code decided: digests of what turns bars into trades."""

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

import trading_pipeline

_PACKAGE = Path(trading_pipeline.__file__).parent


@cache
def deciding_code_version() -> str:
    """Version of the package and twelve hex digits over the sources of the whole domain.

    Unlike a commit it is the same for the same code, whatever else changed around it.
    """
    return f"{version('trading-pipeline')}+{digest_of('domain')}"


def digest_of(*folders: str, parameters: object = None) -> str:
    """Twelve hex digits over the sources of folders of the package and over what ``parameters`` prints as."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted((_PACKAGE / folder).rglob("*.py")):
            digest.update(path.relative_to(_PACKAGE).as_posix().encode() + b"\0" + path.read_bytes())
    digest.update(repr(parameters).encode())
    return digest.hexdigest()[:12]

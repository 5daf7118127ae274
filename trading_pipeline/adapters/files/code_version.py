"""Which code decided: a digest of everything that turns bars into trades."""

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

import trading_pipeline.domain

_DOMAIN = Path(trading_pipeline.domain.__file__).parent
_DECIDING = ("analysis", "backtest", "indicators", "strategies")


@cache
def deciding_code_version() -> str:
    """Version of the package and twelve hex digits over the sources of indicators, strategies and engine.

    Unlike a commit it is the same for the same code, whatever else changed around it.
    """
    digest = hashlib.sha256()
    for folder in _DECIDING:
        for path in sorted((_DOMAIN / folder).glob("*.py")):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return f"{version('trading-pipeline')}+{digest.hexdigest()[:12]}"

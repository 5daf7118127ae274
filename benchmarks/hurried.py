"""Starts a program whose machine's clock runs as the exchange's does, for those that know no other time.

    python benchmarks/hurried.py http://127.0.0.1:38211 480 .venv-freqtrade freqtrade trade ...

libfaketime stands between the program and the system's clock: what asks for the date is told virtual time, what waits
for so many seconds waits for real ones. The program itself is unchanged.
"""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import requests

LIBRARY = "lib/python*/site-packages/libfaketime/vendor/libfaketime/src/libfaketime.so.1"
RECV_WINDOW_MS = 900_000
"""How old a request may be by virtual time: a second of travel is many minutes of a hurried day."""


def hurried(rest_url: str, speed: float, environment: Path) -> list[str]:
    """What to put before a command so that its clock is that of the exchange; nothing at wall time.

    :param environment: the virtual environment that has libfaketime.
    :raises SystemExit: it has not.
    """
    if speed == 1:
        return []
    if not list(environment.glob(LIBRARY)):
        raise SystemExit(f"{environment} has no libfaketime; install it there, or use --speed 1")
    return [sys.executable, __file__, rest_url, f"{speed:g}", str(environment)]


def main(rest_url: str, speed: str, environment: str, command: list[str]) -> None:
    """Become the command."""
    library = next(Path(environment).glob(LIBRARY)).absolute()
    with requests.Session() as session:
        # The second answer comes over a connection that is there: a millisecond is half a virtual second.
        times = [session.get(f"{rest_url}/v5/market/time", timeout=10).json()["time"] for _ in range(2)]
    begin = datetime.fromtimestamp(times[1] / 1000, UTC)
    clock = {
        "LD_PRELOAD": str(library),
        "FAKETIME": f"@{begin:%Y-%m-%d %H:%M:%S.%f} x{speed}",
        # Else every wait would be shortened by the speed as well, and locks that are waited for would never be got.
        "DONT_FAKE_MONOTONIC": "1",
        "TZ": "UTC",
    }
    # In place of this process and not under it: the clock begins when the program does, milliseconds from here.
    os.execve(command[0], command, os.environ | clock)


if __name__ == "__main__":
    main(*sys.argv[1:4], sys.argv[4:])

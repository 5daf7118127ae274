"""Unmodified NautilusTrader trades through the simulated exchange, and its books are held against the wallet.

    python benchmarks/nautilus_session.py --nautilus .venv-nautilus/bin/python [--seconds 240] [--speed 60]

A live node for four virtual hours over a settlement, or with ``--seconds 1440`` for a day: market, limit and stop
orders, amended and cancelled, both ways in two instruments. It knows no time but the machine's, which is hurried for
it, and not more than this: its signature for the private socket is valid for five seconds of that time, a twelfth of
one of ours. It books no funding: that is taken from the exchange's list. Exit code 1 when it does not start or trade,
after a minute where it is not let in, or when initial balance, funding and the money made by its own fills are not the
wallet to 1e-8 USDT.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from bot_books import equal, funding
from hurried import hurried

from trading_pipeline.exchange_simulator.configuration import Configuration
from trading_pipeline.exchange_simulator.server import running_exchange

SCRIPT = Path(__file__).with_name("nautilus_trades.py")
START = datetime(2025, 11, 1, 6, tzinfo=UTC)
"""Two hours before a settlement."""
ENDING_S = 60
"""For starting and ending a node."""


def main() -> int:
    """Trade and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nautilus", type=Path, required=True, help="a Python that has nautilus_trader")
    parser.add_argument("--seconds", type=float, default=240)
    parser.add_argument("--speed", type=float, default=60, help="of the clock; 1 is wall time")
    given = parser.parse_args()
    configuration = Configuration(
        symbols=("BTCUSDT", "SOLUSDT"), seed=3, start=START, wall=given.speed == 1, speed=given.speed
    )
    with tempfile.TemporaryDirectory(prefix="nautilus-") as name, running_exchange(configuration) as told:
        out = Path(name) / "books.json"
        arguments = [json.dumps(asdict(told)), str(given.seconds), str(out)]
        python = given.nautilus.absolute()
        command = [*hurried(told.rest_url, given.speed, python.parent.parent), python, SCRIPT, *arguments]
        limit_s = given.seconds + ENDING_S
        run = subprocess.run(command, capture_output=True, text=True, timeout=limit_s, check=False)
        complaints = [line for line in run.stdout.splitlines() if "[ERROR]" in line]
        if not out.exists():
            print(run.stdout[-4000:], run.stderr[-2000:])
            return 1
        noted = json.loads(out.read_text())
        if not noted["fills"]:
            print("it was not let in, or did not begin to trade; on a busy machine lower the --speed")
        print(f"NautilusTrader: {noted['orders']} orders ({', '.join(noted['states'])}), {noted['fills']} fills")
        agreed = equal(told, configuration.balance, Decimal(noted["made"]) - funding(told))
    print(*complaints, sep="\n")
    return 0 if agreed and noted["fills"] and not noted["open"] and not complaints else 1


if __name__ == "__main__":
    sys.exit(main())

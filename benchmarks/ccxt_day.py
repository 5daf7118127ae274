"""Unmodified ccxt and ccxt.pro trade a virtual day through the simulated exchange; the books of both are its wallet.

    python benchmarks/ccxt_day.py --ccxt .venv-freqtrade/bin/python

In lock-step of 15 minutes: market orders with levels, resting and conditional orders, amended, cancelled, closed, both
ways in two symbols, over two settlements. Exit code 1 when ccxt stumbles, or when initial balance, fills and funding,
by REST or by the private stream, are not the wallet to 1e-8 USDT.
"""

import argparse
import json
import subprocess
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from bot_books import equal

from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.exchange_simulator.configuration import Configuration
from trading_pipeline.exchange_simulator.server import running_exchange

SCRIPT = Path(__file__).with_name("ccxt_trades.py")


def main() -> int:
    """Trade and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ccxt", type=Path, required=True, help="a Python that has ccxt")
    given = parser.parse_args()
    start = datetime(2025, 11, 1, tzinfo=UTC)
    configuration = Configuration(symbols=("BTCUSDT", "SOLUSDT"), seed=3, start=start, lock_step=Timeframe.M15)
    with running_exchange(configuration) as told:
        command = [given.ccxt.absolute(), SCRIPT, json.dumps(asdict(told))]
        run = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        if run.returncode:
            print(run.stdout[-2000:], run.stderr[-4000:])
            return 1
        noted = json.loads(run.stdout.splitlines()[-1])
        print(
            f"ccxt: {noted['fills']} fills of {', '.join(noted['kinds'])} in a virtual day, {noted['open']} left open"
        )
        funding = Decimal(noted["funding"])
        agreed = [equal(told, configuration.balance, Decimal(noted[by]) - funding) for by in ("rest", "stream")]
    return 0 if all(agreed) and noted["fills"] and not noted["open"] else 1


if __name__ == "__main__":
    sys.exit(main())

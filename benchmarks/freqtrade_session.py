"""Unmodified freqtrade trades through the simulated exchange, and its books are held against the exchange's wallet.

    python benchmarks/freqtrade_session.py --freqtrade .venv-freqtrade/bin/freqtrade [--seconds 180] [--speed 480]

A virtual day over settlements, with a scripted strategy: long and short, added to, reduced, closed, each with its stop
at the exchange. freqtrade knows no time but the machine's, which is hurried for it. Exit code 1 when freqtrade does not
start or trade, or when initial balance and the profits in its own database are not the wallet to 1e-8 USDT.
"""

import argparse
import json
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import requests
from bot_books import equal
from hurried import RECV_WINDOW_MS, hurried

from trading_pipeline.exchange_simulator.configuration import Configuration
from trading_pipeline.exchange_simulator.server import Addresses, running_exchange

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "ADAUSDT", "DOGEUSDT", "XRPUSDT")
FILLS = """
    select o.side, o.filled, o.average, case o.ft_order_side when t.entry_side then t.fee_open else t.fee_close end
    from orders o join (select *, case is_short when 1 then 'sell' else 'buy' end as entry_side from trades) t
        on t.id = o.ft_trade_id
    where o.filled > 0
"""
CLOSING_S = 45
"""For what is still open when nothing new is begun."""
START = datetime(2025, 11, 1, tzinfo=UTC)
STEPS, STEP_S = 24, 8.0
"""Steps of a session, each at least so many virtual seconds long."""
STRATEGIES = Path(__file__).parent / "freqtrade_strategies"


def settings(told: Addresses, session: tuple[float, float]) -> dict[str, object]:
    """freqtrade's configuration: the addresses, and what docs/exchange_simulator.md says.

    :param session: after how many virtual seconds nothing new is begun, and seconds of a step of the script.
    """
    ends_s, step_s = session
    now_s = requests.get(f"{told.rest_url}/v5/market/time", timeout=10).json()["time"] / 1000
    urls = {"public": told.rest_url, "private": told.rest_url}
    options = {
        "defaultType": "swap",
        "fetchMarkets": {"types": ["linear"]},
        "enableUnifiedMargin": False,
        "enableUnifiedAccount": True,
        "recvWindow": RECV_WINDOW_MS,
    }
    pairs = [f"{symbol.removesuffix('USDT')}/USDT:USDT" for symbol in SYMBOLS]
    return {
        "dry_run": False,
        "initial_state": "running",
        "trading_mode": "futures",
        "margin_mode": "isolated",
        "stake_currency": "USDT",
        "stake_amount": 300,
        "max_open_trades": len(SYMBOLS),
        "entry_pricing": {"price_side": "other", "use_order_book": True, "order_book_top": 1},
        "exit_pricing": {"price_side": "other", "use_order_book": True, "order_book_top": 1},
        "exchange": {
            "name": "bybit",
            "key": told.api_key,
            "secret": told.api_secret,
            "enable_ws": False,
            "pair_whitelist": pairs,
            "ccxt_config": {"urls": {"api": urls}, "has": {"fetchCurrencies": False}, "options": options},
        },
        "pairlists": [{"method": "StaticPairList"}],
        "internals": {"process_throttle_secs": 1},
        "session_ends": now_s + ends_s,
        "step_seconds": step_s,
    }


def trade(freqtrade: Path, folder: Path, told: Addresses, seconds: float, speed: float) -> str:
    """Run it until everything is closed, or for too long; what it logged until it was told to end."""
    session = seconds * speed, max(STEP_S, seconds * speed / STEPS)
    (folder / "config.json").write_text(json.dumps(settings(told, session)))
    clock = hurried(told.rest_url, speed, freqtrade.parent.parent)
    bot = [freqtrade, "trade", "--userdir", folder, "--config", folder / "config.json", "--strategy", "Scripted"]
    database = ["--strategy-path", STRATEGIES, "--db-url", f"sqlite:///{folder / 'trades.sqlite'}"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([*clock, *bot, *database], cwd=folder, stdout=log, stderr=subprocess.STDOUT)
        begun = time.monotonic()
        while process.poll() is None and time.monotonic() < begun + seconds + CLOSING_S:
            time.sleep(1)
            if time.monotonic() > begun + seconds and not left_open(folder):
                break
        # From here on it is interrupted wherever it is, and complains about that.
        logged = (folder / "log").read_text()
        process.send_signal(signal.SIGINT)
        process.wait(60)
    return logged


def left_open(folder: Path) -> int:
    """Trades that are not closed."""
    with sqlite3.connect(folder / "trades.sqlite") as database:
        [count] = database.execute("select count(*) from trades where is_open").fetchone()
    return int(count)


def books(folder: Path) -> tuple[int, int, Decimal]:
    """Trades, filled orders, and what all of them made in USDT, by the fills, fee rates and funding that it has noted.

    Its own column of profits is rounded to eight digits at every exit, which would be the whole difference.
    """
    with sqlite3.connect(folder / "trades.sqlite") as database:
        trades = database.execute("select coalesce(funding_fees, 0) from trades").fetchall()
        fills = database.execute(FILLS).fetchall()
    made = sum((Decimal(str(funding)) for [funding] in trades), Decimal(0))
    for side, filled, average, fee in fills:
        value = Decimal(str(filled)) * Decimal(str(average))
        made += (value if side == "sell" else -value) - value * Decimal(str(fee))
    return len(trades), len(fills), made


def main() -> int:
    """Trade and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--freqtrade", type=Path, required=True, help="its command, in an environment of its own")
    parser.add_argument("--seconds", type=float, default=180, help="in which it may begin trades")
    parser.add_argument("--speed", type=float, default=480, help="of the clock; 1 is wall time")
    given = parser.parse_args()
    configuration = Configuration(symbols=SYMBOLS, seed=3, start=START, wall=given.speed == 1, speed=given.speed)
    with tempfile.TemporaryDirectory(prefix="freqtrade-") as name, running_exchange(configuration) as told:
        folder = Path(name)
        log = trade(given.freqtrade.absolute(), folder, told, given.seconds, given.speed)
        if not (folder / "trades.sqlite").exists():
            print(log[-4000:])
            return 1
        left, (trades, fills, made) = left_open(folder), books(folder)
        print(f"freqtrade: {trades} trades, {left} of them open, {fills} orders filled, {made:.8f} USDT made")
        agreed = equal(told, configuration.balance, made)
    complaints = [line for line in log.splitlines() if " - ERROR - " in line]
    print(*(complaints if trades else [log[-4000:]]), sep="\n")
    return 0 if agreed and trades and not left and not complaints else 1


if __name__ == "__main__":
    sys.exit(main())

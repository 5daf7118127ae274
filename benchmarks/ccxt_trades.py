"""What ccxt does in ``ccxt_day.py``: a virtual day in lock-step, REST by ccxt, the private stream by ccxt.pro.

``python ccxt_trades.py ADDRESSES``, in an environment that has ccxt: prints what both have noted as JSON.
"""

import asyncio
import contextlib
import json
import sys
import urllib.request
from decimal import Decimal
from typing import Any

import ccxt
import ccxt.pro

SIZES = {"BTC/USDT:USDT": 0.02, "SOL/USDT:USDT": 8.0}
CLOSES = 96
MOST_FILLS = 100
"""Of a symbol, that one page tells: four to six in two hours, and three fundings."""
QUIET_S = 1.0
"""Wall time in which a message that was sent has arrived."""


def configured(kind: type, told: dict[str, str]) -> Any:
    """A client with nothing but addresses, and what is not linear left out."""
    rest, private = told["rest_url"], told["private_ws_url"]
    exchange = kind(
        {
            "apiKey": told["api_key"],
            "secret": told["api_secret"],
            "urls": {"api": {"public": rest, "private": rest}},
            "has": {"fetchCurrencies": False},
            "options": {
                "defaultType": "swap",
                "fetchMarkets": {"types": ["linear"]},
                "enableUnifiedMargin": False,
                "enableUnifiedAccount": True,
            },
        }
    )
    exchange.urls["api"]["ws"] = {
        "public": {"linear": told["public_ws_url"]},
        "private": {"spot": {"unified": private}, "contract": private, "usdc": private},
    }
    return exchange


def advance(told: dict[str, str]) -> None:
    """To the next close, past what happens before it."""
    at = ""
    while at != "close":
        request = urllib.request.Request(f"{told['rest_url']}/simulator/advance", method="POST")
        with urllib.request.urlopen(request, timeout=10) as answer:
            at = json.load(answer)["at"]


def act(exchange: Any, symbol: str, size: float, turn: int) -> None:
    """One step of eight: in with levels, a limit, a stop, moved, cancelled, and out; then the other side."""
    side, back, away = ("buy", "sell", 0.995) if turn // 8 % 2 == 0 else ("sell", "buy", 1.005)
    last = exchange.fetch_ticker(symbol)["last"]
    price = exchange.price_to_precision
    if turn % 8 == 0:
        levels = {"stopLoss": {"triggerPrice": last * away}, "takeProfit": {"triggerPrice": last * (2 - away)}}
        exchange.create_order(symbol, "market", side, size, None, levels)
    elif turn % 8 == 1:
        exchange.create_order(symbol, "limit", side, size / 2, price(symbol, last * (1 + (away - 1) / 10)))
    elif turn % 8 == 2:
        only = {"triggerPrice": price(symbol, last * away), "reduceOnly": True}
        only["triggerDirection"] = "descending" if side == "buy" else "ascending"
        exchange.create_order(symbol, "market", back, size / 2, None, only)
    elif turn % 8 == 3:
        for order in exchange.fetch_open_orders(symbol):
            if order["type"] == "limit":
                exchange.edit_order(order["id"], symbol, "limit", order["side"], None, price(symbol, last * away))
    elif turn % 8 == 5:
        exchange.cancel_all_orders(symbol)
    elif turn % 8 == 6:
        # A flat position is told as well, with nothing in it.
        for position in (one for one in exchange.fetch_positions([symbol]) if one["contracts"]):
            closing = "sell" if position["side"] == "long" else "buy"
            exchange.create_order(symbol, "market", closing, position["contracts"], None, {"reduceOnly": True})


def trade(told: dict[str, str], exchange: Any) -> None:
    """Act before every close of the day, and close everything after the last."""
    for turn in range(CLOSES):
        for symbol, size in SIZES.items():
            act(exchange, symbol, size, turn)
        advance(told)
    for symbol in SIZES:
        for ending in (5, 6):
            act(exchange, symbol, 0, ending)
    # The last orders are on their way to the market as long as the clock stands.
    advance(told)


def made(trades: list[dict[str, Any]]) -> str:
    """The money of fills after their fees."""
    total = Decimal(0)
    for trade in trades:
        value = Decimal(str(trade["amount"])) * Decimal(str(trade["price"]))
        total += (value if trade["side"] == "sell" else -value) - Decimal(str(trade["fee"]["cost"]))
    return str(total)


async def watch(exchange: Any, seen: dict[str, dict[str, Any]]) -> None:
    """Every fill of the private stream."""
    while True:
        for trade in await exchange.watch_my_trades():
            seen[trade["id"]] = dict(trade)


async def day(told: dict[str, str]) -> dict[str, object]:
    """Trade for a day, and at its end be flat."""
    exchange, pro = configured(ccxt.bybit, told), configured(ccxt.pro.bybit, told)
    streamed: dict[str, dict[str, Any]] = {}
    try:
        await pro.load_markets()
        watching = asyncio.create_task(watch(pro, streamed))
        await asyncio.sleep(QUIET_S)
        await asyncio.to_thread(trade, told, exchange)
        await asyncio.sleep(QUIET_S)
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching
    finally:
        await pro.close()
    trades = [one for symbol in SIZES for one in exchange.fetch_my_trades(symbol, limit=MOST_FILLS)]
    fills = [trade for trade in trades if trade["info"]["execType"] != "Funding"]
    funding = sum(Decimal(trade["info"]["execFee"]) for trade in trades if trade["info"]["execType"] == "Funding")
    return {
        "rest": made(fills),
        "stream": made([trade for trade in streamed.values() if trade["info"]["execType"] != "Funding"]),
        "funding": str(funding),
        "fills": len(fills),
        "kinds": sorted({str(trade["info"]["stopOrderType"]) for trade in fills}),
        "open": sum(bool(one["contracts"]) for one in exchange.fetch_positions()) + len(exchange.fetch_open_orders()),
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(day(json.loads(sys.argv[1])))))

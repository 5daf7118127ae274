"""What is held against the venue's pages, and what differs from them."""

import json
from pathlib import Path

Json = dict[str, object]
BTC: Json = {"category": "linear", "symbol": "BTCUSDT"}
LIMIT: Json = {"symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "qty": "0.01", "price": "40000"}
MARKET: Json = {"symbol": "BTCUSDT", "side": "Buy", "orderType": "Market", "qty": "0.02"}

# In the order in which they are asked: what is listed has to be there first. Page, method, path, request.
PAGES: list[tuple[str, str, str, Json]] = [
    ("order/create-order", "POST", "/v5/order/create", MARKET | {"stopLoss": "30000"}),
    ("order/create-order", "POST", "/v5/order/create", MARKET | {"side": "Sell", "qty": "0.01"}),
    ("order/create-order", "POST", "/v5/order/create", LIMIT | {"orderLinkId": "a"}),
    ("order/amend-order", "POST", "/v5/order/amend", {"symbol": "BTCUSDT", "orderLinkId": "a", "price": "39000"}),
    ("position/trading-stop", "POST", "/v5/position/trading-stop", {**BTC, "positionIdx": 0, "stopLoss": "31000"}),
    ("position/leverage", "POST", "/v5/position/set-leverage", {**BTC, "buyLeverage": "9", "sellLeverage": "9"}),
    ("market/time", "GET", "/v5/market/time", {}),
    ("market/kline", "GET", "/v5/market/kline", {"interval": "15"}),
    ("market/mark-kline", "GET", "/v5/market/mark-price-kline", {"interval": "15"}),
    ("market/index-kline", "GET", "/v5/market/index-price-kline", {"interval": "15"}),
    ("market/premium-index-kline", "GET", "/v5/market/premium-index-price-kline", {"interval": "15"}),
    ("market/instrument", "GET", "/v5/market/instruments-info", {}),
    ("market/tickers", "GET", "/v5/market/tickers", {}),
    ("market/orderbook", "GET", "/v5/market/orderbook", {"limit": 1}),
    ("market/recent-trade", "GET", "/v5/market/recent-trade", {}),
    ("market/history-fund-rate", "GET", "/v5/market/funding/history", {}),
    ("market/order-price-limit", "GET", "/v5/market/price-limit", {}),
    ("market/risk-limit", "GET", "/v5/market/risk-limit", {}),
    ("market/open-interest", "GET", "/v5/market/open-interest", {"intervalTime": "1h"}),
    ("market/long-short-ratio", "GET", "/v5/market/account-ratio", {"period": "1h"}),
    ("system-status", "GET", "/v5/system/status", {}),
    ("account/wallet-balance", "GET", "/v5/account/wallet-balance", {"accountType": "UNIFIED"}),
    ("account/account-info", "GET", "/v5/account/info", {}),
    ("account/fee-rate", "GET", "/v5/account/fee-rate", {}),
    ("account/transaction-log", "GET", "/v5/account/transaction-log", {}),
    ("account/set-margin-mode", "POST", "/v5/account/set-margin-mode", {"setMarginMode": "REGULAR_MARGIN"}),
    (
        "order/dcp",
        "POST",
        "/v5/order/disconnected-cancel-all",
        {"product": "DERIVATIVES", "timeWindow": 40},
    ),
    ("account/dcp-info", "GET", "/v5/account/query-dcp-info", {}),
    ("asset/coin-info", "GET", "/v5/asset/coin/query-info", {}),
    ("user/apikey-info", "GET", "/v5/user/query-api", {}),
    ("position/position", "GET", "/v5/position/list", {}),
    ("position/close-pnl", "GET", "/v5/position/closed-pnl", {}),
    ("position/position-mode", "POST", "/v5/position/switch-mode", {"symbol": "", "coin": "USDT", "mode": 0}),
    ("order/open-order", "GET", "/v5/order/realtime", {}),
    ("order/execution", "GET", "/v5/execution/list", {}),
    ("order/cancel-order", "POST", "/v5/order/cancel", {"orderLinkId": "a"}),
    ("order/order-list", "GET", "/v5/order/history", {}),
    ("order/batch-place", "POST", "/v5/order/create-batch", {"request": [LIMIT | {"orderLinkId": "b"}]}),
    ("order/batch-amend", "POST", "/v5/order/amend-batch", {"request": [LIMIT | {"orderLinkId": "b", "qty": "0.02"}]}),
    ("order/batch-cancel", "POST", "/v5/order/cancel-batch", {"request": [LIMIT | {"orderLinkId": "b"}]}),
    ("order/create-order", "POST", "/v5/order/create", LIMIT),
    ("order/cancel-all", "POST", "/v5/order/cancel-all", {}),
]
NOTHING_TO_TELL = {
    "/v5/system/status": ["result.list: empty"],  # no maintenance here
    "/v5/account/set-margin-mode": ["result.reasons: empty"],  # the example is a refusal
}

PRIVATE_TOPICS = ("order", "execution", "position", "wallet")
PUBLIC_TOPICS = {
    "kline.5.BTCUSDT": "kline",
    "tickers.BTCUSDT": "ticker",
    "publicTrade.BTCUSDT": "trade",
    "orderbook.1.BTCUSDT": "orderbook",
    "orderbook.50.BTCUSDT": "orderbook",
    "orderbook.200.BTCUSDT": "orderbook",
    "orderbook.1000.BTCUSDT": "orderbook",
    "priceLimit.BTCUSDT": "order-price-limit",
    "allLiquidation.BTCUSDT": "all-liquidation",
}
"""Topics and their pages."""
_ONE, _SEVERAL = BTC | LIMIT | {"orderLinkId": "c"}, BTC | {"request": [LIMIT | {"orderLinkId": "d", "qty": "0.02"}]}
COMMANDS: list[tuple[str, str, str, Json]] = [
    ("order.create", "order.create", "order/create-order", _ONE),
    ("order.amend", "order.create", "order/amend-order", _ONE | {"price": "39000"}),
    ("order.cancel", "order.create", "order/cancel-order", _ONE),
    ("order.create-batch", "order.create-batch", "order/batch-place", _SEVERAL),
    ("order.amend-batch", "order.create-batch", "order/batch-amend", _SEVERAL),
    ("order.cancel-batch", "order.create-batch", "order/batch-cancel", _SEVERAL),
]
"""Of the trade stream: the command whose documented frame is the answer's, the page that says what is in it, and the
request."""


def documented(samples: Path, page: str) -> Json:
    """The fields of a page's first documented answer; their values are empty ones of the documented type."""
    pages: dict[str, Json] = json.loads((samples / "bybit_documented_fields.json").read_text())
    return pages[page]


def missing(expected: object, answer: object, path: str = "") -> list[str]:
    """Paths documented but not answered, or answered as another JSON type."""
    if isinstance(expected, dict):
        if not isinstance(answer, dict):
            return [f"{path}: {type(answer).__name__}"]
        gone = [f"{path}.{name}" for name in expected if name not in answer and name != "MNT"]
        return gone + [
            p for name in expected if name in answer for p in missing(expected[name], answer[name], f"{path}.{name}")
        ]
    if isinstance(expected, list) and isinstance(answer, list) and expected and not isinstance(expected[0], str):
        return missing(expected[0], answer[0], f"{path}[]") if answer else [f"{path}: empty"]
    return [] if isinstance(answer, type(expected)) else [f"{path}: {type(answer).__name__}"]

"""What the venue allows, as numbers. Sources: the v5 pages named beside each group."""

import re
from datetime import timedelta

CATEGORY = "linear"
SETTLE_COIN = "USDT"

# Derivatives of an account without a discount, https://www.bybit.com/en/help-center/article/Trading-Fee-Structure,
# spelled as account/fee-rate spells those of one account
BASE_FEES = {"makerFeeRate": "0.0002", "takerFeeRate": "0.00055"}

# market/kline: rows per request, newest first, the forming bar among them
KLINE_LIMIT = 1000

# market/orderbook: levels per side and request for linear contracts are 1 to 500; depth limits are stated for 50
BOOK_LEVELS = 50

# rows per page: market/history-fund-rate, market/open-interest
SERIES_PAGE = 200

# rows per page: market/instrument, order/open-order, order/execution, position/position
INSTRUMENT_PAGE = 1000
ORDER_PAGE = 50
EXECUTION_PAGE = 100
POSITION_PAGE = 200

# order/execution: startTime and endTime may lie at most seven days apart
EXECUTION_WINDOW = timedelta(days=7)

# order/create-order, notes on limits: per symbol
MAX_ACTIVE_ORDERS = 500
MAX_CONDITIONAL_ORDERS = 10

# rate-limit: requests of one account per second, linear contracts of a unified account
REQUESTS_PER_SECOND = {
    "/v5/order/create": 10,
    "/v5/order/cancel": 10,
    "/v5/position/trading-stop": 10,
    "/v5/position/set-leverage": 10,
    "/v5/user/query-api": 10,
    "/v5/account/fee-rate": 5,
    "/v5/order/realtime": 50,
    "/v5/order/history": 50,
    "/v5/execution/list": 50,
    "/v5/position/list": 50,
    "/v5/account/wallet-balance": 50,
    "/v5/account/info": 50,
}
# rate-limit: requests of one address in so many seconds, beyond which it is shut out for ten minutes
ADDRESS_REQUESTS, ADDRESS_WINDOW_S = 600, 5.0

# order/order-list: cancelled and rejected orders without fills are kept this long
ORDER_LOOKUP_WINDOW = timedelta(hours=24)

# order/create-order, orderLinkId
LINK_ID = re.compile(r"[A-Za-z0-9_-]{1,36}")

# ws/connect
PING_INTERVAL_S = 20.0
# ws/connect, public channel: of the topics of one connection, as they are written in "args"
MAX_ARGS_CHARACTERS = 21_000

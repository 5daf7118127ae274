"""The account, its key and its positions."""

from datetime import UTC, datetime

from trading_pipeline.exchange_simulator import parameters, position_changes
from trading_pipeline.exchange_simulator.exchange import Execution, Payload
from trading_pipeline.exchange_simulator.parameters import Parameters
from trading_pipeline.exchange_simulator.payloads.numbers import average_price, money, plain
from trading_pipeline.exchange_simulator.payloads.private import position_payload, wallet_push
from trading_pipeline.exchange_simulator.rejections import bad_parameter
from trading_pipeline.exchange_simulator.routes.endpoint import Endpoint
from trading_pipeline.exchange_simulator.venue import Venue


def wallet_balance(venue: Venue, request: Parameters) -> Payload:
    """``/v5/account/wallet-balance`` of the unified account."""
    parameters.one_of(request, "accountType", ("UNIFIED",))
    venue.catch_up()
    return {"list": [wallet_push(venue.exchange)]}


def info(venue: Venue, _: Parameters) -> Payload:
    """``/v5/account/info``."""
    return {
        "marginMode": "REGULAR_MARGIN",
        "updatedTime": str(venue.now_ms()),
        "unifiedMarginStatus": 4,
        "dcpStatus": "OFF",
        "timeWindow": 10,
        "smpGroup": 0,
        "isMasterTrader": False,
        "spotHedgingStatus": "OFF",
    }


def fee_rates(venue: Venue, request: Parameters) -> Payload:
    """``/v5/account/fee-rate`` of one symbol or all; contracts come without ``category`` and ``baseCoin``."""
    parameters.linear(request)
    symbol = parameters.text(request, "symbol")
    markets = [venue.exchange.market(symbol)] if symbol else venue.exchange.markets.values()
    return {
        "list": [
            {
                "symbol": market.instrument.symbol,
                "takerFeeRate": plain(market.instrument.taker_fee),
                "makerFeeRate": plain(market.instrument.maker_fee),
            }
            for market in markets
        ]
    }


def key_info(venue: Venue, _: Parameters) -> Payload:
    """``/v5/user/query-api``: what the key may do, and whose it is."""
    number = int(venue.credentials.account_id)
    created = datetime.fromtimestamp(venue.now_ms() / 1000, UTC)
    return {
        "id": venue.credentials.account_id,
        "note": "simulated",
        "apiKey": venue.credentials.api_key,
        "readOnly": 0,
        "secret": "",
        "permissions": {
            "ContractTrade": ["Order", "Position"],
            "Spot": [],
            "Wallet": [],
            "Options": [],
            "Derivatives": ["DerivativesTrade"],
            "CopyTrading": [],
            "BlockTrade": [],
            "Exchange": [],
            "NFT": [],
            "Affiliate": [],
            "Earn": [],
            "FiatP2P": [],
            "FiatConvertBroker": [],
            "FiatGlobalPay": [],
            "FiatBitPay": [],
            "BitCard": [],
            "ByXPost": [],
        },
        "ips": ["*"],
        "type": 1,
        "deadlineDay": 90,
        "expiredAt": f"{created.replace(year=created.year + 1, day=1):%Y-%m-%dT%H:%M:%SZ}",
        "createdAt": f"{created:%Y-%m-%dT%H:%M:%SZ}",
        "unified": 0,
        "uta": 1,
        "userID": number,
        "inviterID": 0,
        "vipLevel": "No VIP",
        "mktMakerLevel": "0",
        "affiliateID": 0,
        "rsaPublicKey": "",
        "isMaster": True,
        "parentUid": "0",
        "kycLevel": "LEVEL_1",
        "kycRegion": "",
        "userIDInt64": str(number),
        "inviterIDInt64": "0",
        "affiliateIDInt64": "0",
    }


def positions(venue: Venue, request: Parameters) -> Payload:
    """``/v5/position/list``: the asked symbol even when flat, else whatever is open."""
    parameters.linear(request)
    venue.catch_up()
    exchange = venue.exchange
    symbol = parameters.text(request, "symbol")
    if symbol:
        exchange.market(symbol)
        chosen = [exchange.positions[symbol]]
    # A flat symbol has a row only when it is asked for by name, as at the venue.
    elif parameters.text(request, "settleCoin") or parameters.text(request, "baseCoin"):
        chosen = exchange.open_positions() if parameters.text(request, "settleCoin", "USDT") == "USDT" else []
    else:
        raise bad_parameter("params error: symbol or settleCoin is required")
    rows = [position_payload(exchange, position) for position in chosen]
    return {"list": rows, "nextPageCursor": "", "category": "linear"}


def set_leverage(venue: Venue, request: Parameters) -> Payload:
    """``/v5/position/set-leverage``."""
    venue.catch_up()
    position_changes.set_leverage(venue.exchange, request)
    return {}


def trading_stop(venue: Venue, request: Parameters) -> Payload:
    """``/v5/position/trading-stop``."""
    venue.catch_up()
    position_changes.set_trading_stop(venue.exchange, request)
    return {}


def closed_pnl(venue: Venue, request: Parameters) -> Payload:
    """``/v5/position/closed-pnl``: one entry per execution that closed something, newest first."""
    parameters.linear(request)
    venue.catch_up()
    symbol = parameters.text(request, "symbol")
    count = parameters.limit(request, 50, 100)
    first = parameters.integer(request, "cursor", 0)
    closing = [
        execution
        for execution in reversed(venue.exchange.executions)
        if execution.closed and symbol in ("", execution.order.terms.symbol)
    ]
    following = str(first + count) if first + count < len(closing) else ""
    rows = [_closed_entry(venue, execution) for execution in closing[first : first + count]]
    return {"nextPageCursor": following, "category": "linear", "list": rows}


def _closed_entry(venue: Venue, execution: Execution) -> Payload:
    """An entry of closed PnL; the entry price follows from exit price and realised profit."""
    terms = execution.order.terms
    exit_value = execution.closed * execution.price
    # The closing side sells a long: profit = exit - entry; for a short the sign turns.
    entry_value = exit_value + execution.realised * terms.sign
    return {
        "symbol": terms.symbol,
        "orderType": terms.order_type,
        "leverage": plain(venue.exchange.positions[terms.symbol].leverage),
        "updatedTime": str(execution.at_ms),
        "side": terms.side,
        "orderId": execution.order.order_id,
        "closedPnl": money(execution.realised - execution.fee),
        "avgEntryPrice": average_price(entry_value / execution.closed),
        "qty": plain(terms.quantity),
        "cumEntryValue": money(entry_value),
        "createdTime": str(execution.order.created_ms),
        "orderPrice": plain(terms.price or execution.price),
        "closedSize": plain(execution.closed),
        "avgExitPrice": plain(execution.price),
        "execType": execution.kind,
        "fillCount": "1",
        "cumExitValue": money(exit_value),
    }


ENDPOINTS = (
    Endpoint("GET", "/v5/account/wallet-balance", wallet_balance),
    Endpoint("GET", "/v5/account/info", info),
    Endpoint("GET", "/v5/account/fee-rate", fee_rates),
    Endpoint("GET", "/v5/user/query-api", key_info),
    Endpoint("GET", "/v5/position/list", positions),
    Endpoint("POST", "/v5/position/set-leverage", set_leverage),
    Endpoint("POST", "/v5/position/trading-stop", trading_stop),
    Endpoint("GET", "/v5/position/closed-pnl", closed_pnl),
)

"""The account and its key."""

from datetime import UTC, datetime

from trading_pipeline.exchange_simulator import parameters
from trading_pipeline.exchange_simulator.exchange import Payload
from trading_pipeline.exchange_simulator.parameters import Parameters
from trading_pipeline.exchange_simulator.payloads.numbers import plain
from trading_pipeline.exchange_simulator.payloads.wallet import of_coins, wallet_push
from trading_pipeline.exchange_simulator.rejections import Rejection
from trading_pipeline.exchange_simulator.routes.endpoint import SignedEndpoint
from trading_pipeline.exchange_simulator.seat import Seat


def wallet_balance(seat: Seat, request: Parameters) -> Payload:
    """``/v5/account/wallet-balance`` of the unified account: coins that it has, or those that are asked for."""
    parameters.one_of(request, "accountType", ("UNIFIED",))
    seat.catch_up()
    account, names = wallet_push(seat.exchange), parameters.text(request, "coin")
    return {"list": [of_coins(account, names) if names else account]}


def info(seat: Seat, _: Parameters) -> Payload:
    """``/v5/account/info``."""
    window_s = seat.disconnection.window_s
    return {
        "marginMode": seat.exchange.account.margin_mode,
        "updatedTime": str(seat.now_ms()),
        "unifiedMarginStatus": 4,
        "dcpStatus": "OFF" if window_s is None else "ON",
        "timeWindow": 10 if window_s is None else window_s,
        "smpGroup": 0,
        "isMasterTrader": False,
        "spotHedgingStatus": "OFF",
    }


def fee_rates(seat: Seat, request: Parameters) -> Payload:
    """``/v5/account/fee-rate`` of one symbol or all; contracts come without ``category`` and ``baseCoin``."""
    # The venue's page calls the category required and leaves it out in its own example.
    parameters.linear({**request, "category": parameters.text(request, "category", "linear")})
    symbol = parameters.text(request, "symbol")
    markets = [seat.exchange.market(symbol)] if symbol else seat.exchange.markets.values()
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


def set_margin_mode(seat: Seat, request: Parameters) -> Payload:
    """``/v5/account/set-margin-mode``: cross or isolated, while nothing is open.

    :raises Rejection: 10001 an unknown mode, 3400045 portfolio margin or open positions.
    """
    seat.catch_up()
    mode = parameters.one_of(request, "setMarginMode", ("REGULAR_MARGIN", "ISOLATED_MARGIN", "PORTFOLIO_MARGIN"))
    account = seat.exchange.account
    if mode == "PORTFOLIO_MARGIN" or (mode != account.margin_mode and seat.exchange.open_positions()):
        raise Rejection(3400045, "Set margin mode failed")
    account.margin_mode = mode
    return {"reasons": []}


def coin_info(seat: Seat, request: Parameters) -> Payload:
    """``/v5/asset/coin/query-info``: the coins of all contracts; nothing goes in or out of this account."""
    instruments = [market.instrument for market in seat.exchange.markets.values()]
    coins = {"USDT": None, **dict.fromkeys(instrument.base_currency for instrument in instruments)}
    wanted = parameters.text(request, "coin")
    return {
        "rows": [
            {"name": coin, "coin": coin, "remainAmount": "0", "chains": []} for coin in coins if wanted in ("", coin)
        ]
    }


def key_info(seat: Seat, _: Parameters) -> Payload:
    """``/v5/user/query-api``: what the key may do, and whose it is."""
    number = int(seat.credentials.account_id)
    created = datetime.fromtimestamp(seat.now_ms() / 1000, UTC)
    return {
        "id": seat.credentials.account_id,
        "note": "simulated",
        "apiKey": seat.credentials.api_key,
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


ENDPOINTS = (
    SignedEndpoint("GET", "/v5/account/wallet-balance", wallet_balance),
    SignedEndpoint("GET", "/v5/account/info", info),
    SignedEndpoint("GET", "/v5/account/fee-rate", fee_rates, lists=True),
    SignedEndpoint("POST", "/v5/account/set-margin-mode", set_margin_mode),
    SignedEndpoint("GET", "/v5/asset/coin/query-info", coin_info),
    SignedEndpoint("GET", "/v5/user/query-api", key_info),
)

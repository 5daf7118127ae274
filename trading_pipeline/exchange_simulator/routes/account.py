"""The account and its key."""

from datetime import UTC, datetime

from trading_pipeline.exchange_simulator import parameters
from trading_pipeline.exchange_simulator.exchange import Payload
from trading_pipeline.exchange_simulator.parameters import Parameters
from trading_pipeline.exchange_simulator.payloads.numbers import plain
from trading_pipeline.exchange_simulator.payloads.wallet import wallet_push
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


ENDPOINTS = (
    Endpoint("GET", "/v5/account/wallet-balance", wallet_balance),
    Endpoint("GET", "/v5/account/info", info),
    Endpoint("GET", "/v5/account/fee-rate", fee_rates),
    Endpoint("GET", "/v5/user/query-api", key_info),
)

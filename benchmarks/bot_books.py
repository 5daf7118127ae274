"""Whether a bot's own books are the exchange's wallet."""

from decimal import Decimal

from pybit.unified_trading import HTTP

from trading_pipeline.exchange_simulator.server import Addresses

EQUAL = Decimal("1e-8")
"""USDT; the wallet tells eight digits."""


def funding(told: Addresses) -> Decimal:
    """What the exchange has charged in funding (USDT), by its own list, for bots that book none."""
    client = HTTP(api_key=told.api_key, api_secret=told.api_secret)
    client.endpoint = told.rest_url
    charged = client.get_executions(category="linear", execType="Funding", limit=100)["result"]["list"]
    return sum((Decimal(one["execFee"]) for one in charged), Decimal(0))


def equal(told: Addresses, balance: Decimal, made: Decimal) -> bool:
    """Whether the wallet is the initial balance and what the bot made by its own account (USDT); prints both."""
    client = HTTP(api_key=told.api_key, api_secret=told.api_secret)
    client.endpoint = told.rest_url
    [account] = client.get_wallet_balance(accountType="UNIFIED")["result"]["list"]
    expected, found = balance + made, Decimal(account["coin"][0]["walletBalance"])
    difference = abs(expected - found)
    print(f"its books {expected:.10f}, the exchange's wallet {found:.10f}, difference {difference:.1e} USDT")
    return difference <= EQUAL

"""The wallet as REST and the private stream show it."""

from typing import cast

from trading_pipeline.exchange_simulator import margins
from trading_pipeline.exchange_simulator.exchange import Exchange, Payload
from trading_pipeline.exchange_simulator.payloads.numbers import money


def wallet_push(exchange: Exchange) -> Payload:
    """The account of ``/v5/account/wallet-balance`` and of the private topic ``wallet``."""
    equity, unrealised = exchange.equity(), exchange.unrealised()
    position_margin, order_margin = margins.initial_margins(exchange), exchange.order_margin()
    initial, maintenance = position_margin + order_margin, margins.maintenance_margins(exchange)
    wallet, free = money(exchange.account.wallet), money(exchange.available())
    initial_rate = money(initial / equity) if equity > 0 else "0"
    maintenance_rate = money(maintenance / equity) if equity > 0 else "0"
    return {
        "totalEquity": money(equity),
        "accountIMRate": initial_rate,
        "accountIMRateByMp": initial_rate,
        "totalMarginBalance": money(equity),
        "totalInitialMargin": money(initial),
        "totalInitialMarginByMp": money(initial),
        "accountType": "UNIFIED",
        "totalAvailableBalance": free,
        "accountMMRate": maintenance_rate,
        "accountMMRateByMp": maintenance_rate,
        "totalPerpUPL": money(unrealised),
        "totalWalletBalance": wallet,
        "accountLTV": "0",
        "totalMaintenanceMargin": money(maintenance),
        "totalMaintenanceMarginByMp": money(maintenance),
        "coin": [
            {
                "availableToBorrow": "",
                "bonus": "0",
                "accruedInterest": "0",
                "availableToWithdraw": "",
                "totalOrderIM": money(order_margin),
                "equity": money(equity),
                "totalPositionMM": money(maintenance),
                "usdValue": money(equity),
                "spotHedgingQty": "0",
                "unrealisedPnl": money(unrealised),
                "collateralSwitch": True,
                "borrowAmount": "0",
                "totalPositionIM": money(position_margin),
                "walletBalance": wallet,
                "cumRealisedPnl": money(exchange.account.wallet - exchange.terms.balance),
                "locked": "0",
                "marginCollateral": True,
                "coin": "USDT",
                "spotBorrow": "0",
            }
        ],
    }


def of_coins(account: Payload, names: str) -> Payload:
    """The account with the coins of a comma-separated list: USDT as it stands, of every other nothing."""
    [held] = cast("list[Payload]", account["coin"])
    nothing = {field: "0" if isinstance(value, str) and value else value for field, value in held.items()}
    rows = [held if name == held["coin"] else {**nothing, "coin": name} for name in names.split(",")]
    return {**account, "coin": rows}

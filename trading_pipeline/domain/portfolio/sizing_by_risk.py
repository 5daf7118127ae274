"""How much to buy so that the stop costs a fixed share of equity."""

from decimal import Decimal

from trading_pipeline.domain.model.accounts import Wallet
from trading_pipeline.domain.model.errors import OrderDenied
from trading_pipeline.domain.model.instruments import Instrument
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.risk.limits import RiskLimits


def leverage_of(instrument: Instrument, limits: RiskLimits) -> Decimal:
    """The leverage to set at the venue: the limit, or less where the instrument allows less."""
    return min(limits.max_leverage, instrument.max_leverage)


def entry_quantity(
    plan: TradePlan, wallet: Wallet, instrument: Instrument, limits: RiskLimits, pending_notional: Decimal
) -> Decimal:
    """Base currency to enter: equity x risk_per_trade / |entry - stop|, capped, rounded down.

    Caps: notional at most equity x leverage; margin (notional / leverage) at most what is available
    after the entries already admitted; the instrument's largest market order. Every rounding goes
    down, so a trade never risks more than its share; what ends up too small is not raised.

    :param pending_notional: quote currency of admitted entries the wallet does not show yet.
    :raises OrderDenied: the quantity is below what the venue accepts.
    """
    leverage = leverage_of(instrument, limits)
    distance = abs(plan.entry_price - instrument.round_price(plan.stop_price))
    if distance == 0:
        raise OrderDenied("stop_distance", f"entry {plan.entry_price} and stop are the same price")
    at_risk = wallet.equity * limits.risk_per_trade / distance
    by_equity = wallet.equity * leverage / plan.entry_price
    by_margin = (wallet.available * leverage - pending_notional) / plan.entry_price
    wanted = min(at_risk, by_equity, by_margin, instrument.max_market_quantity)
    quantity = instrument.floor_quantity(max(wanted, Decimal(0)))
    if quantity < instrument.min_quantity:
        raise OrderDenied("min_quantity", f"{quantity} {plan.symbol} is below the minimum {instrument.min_quantity}")
    notional = quantity * plan.entry_price
    if notional < instrument.min_notional:
        raise OrderDenied("min_notional", f"{notional:.2f} is below the minimum order of {instrument.min_notional}")
    return quantity

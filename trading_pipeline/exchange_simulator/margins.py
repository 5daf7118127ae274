"""What positions must keep, by mark price and the venue's formulas for unified accounts.

initial margin = value / leverage + fee to close, maintenance margin = value x rate - deduction + fee to close
(bybit.com help centre, "Understanding the Adjustment and Impact of the New Margin Calculation").
"""

from collections.abc import Callable
from decimal import Decimal

from trading_pipeline.exchange_simulator.exchange import Exchange, Market
from trading_pipeline.exchange_simulator.orders import ZERO
from trading_pipeline.exchange_simulator.positions import Position
from trading_pipeline.exchange_simulator.risk_tiers import RiskTier, tier_of

FARTHEST = 1_000
"""So many times the last price lies beyond the largest price that any contract may have."""


def tier(exchange: Exchange, position: Position) -> RiskTier:
    """The risk tier of the position's value."""
    market = exchange.markets[position.symbol]
    return tier_of(position.value(market.mark), market.tiers)


def initial_margin(exchange: Exchange, position: Position) -> Decimal:
    """USDT that opening the position at the mark price would bind."""
    rate = max(1 / position.leverage, tier(exchange, position).initial_rate)
    return _value(exchange, position) * (rate + _fee_rate(exchange, position))


def maintenance_margin(exchange: Exchange, position: Position) -> Decimal:
    """USDT that must be there for the position."""
    market = exchange.markets[position.symbol]
    return _kept(market, position, market.mark)


def initial_margins(exchange: Exchange) -> Decimal:
    """The same for all positions, USDT."""
    return sum((initial_margin(exchange, one) for one in exchange.open_positions()), ZERO)


def maintenance_margins(exchange: Exchange) -> Decimal:
    """Below this equity the account is liquidated, USDT."""
    return sum((maintenance_margin(exchange, one) for one in exchange.open_positions()), ZERO)


def broke(exchange: Exchange, mark_of: Callable[[Position], Decimal] | None = None) -> list[Position]:
    """The positions that the venue takes over: in isolated mode those without enough margin of their own, else all
    or none.

    :param mark_of: the mark price (quote currency) to judge a position by; the present one by default.
    """
    held = exchange.open_positions()
    if not held:
        return []
    # The mark price of each is asked for once: this is looked at wherever any path turns.
    marks = [exchange.markets[one.symbol].mark if mark_of is None else mark_of(one) for one in held]
    gains = [
        one.unrealised(mark) - _kept(exchange.markets[one.symbol], one, mark)
        for one, mark in zip(held, marks, strict=True)
    ]
    if exchange.account.isolated:
        return [one for one, gain in zip(held, gains, strict=True) if one.initial_margin() + gain < ZERO]
    return held if exchange.account.wallet + sum(gains, ZERO) < ZERO else []


def _kept(market: Market, position: Position, mark: Decimal) -> Decimal:
    """The maintenance margin at a mark price, USDT."""
    value = position.value(mark)
    met = tier_of(value, market.tiers)
    return max(ZERO, value * (met.maintenance_rate + market.instrument.taker_fee) - met.deduction)


def liquidation_price(exchange: Exchange, position: Position) -> Decimal | None:
    """The price (quote currency) at which the position would be liquidated if no other price moved.

    Solves equity = maintenance margins for it; ``None`` where the venue shows none, which is outside the prices that a
    contract may have, and without a position.
    """
    if position.flat:
        return None
    market = exchange.markets[position.symbol]
    tick = market.instrument.price_increment
    # A long and a short position of one symbol move together, unless each stands for itself.
    moving = [position] if exchange.account.isolated else _beside(exchange, position)
    if exchange.account.isolated:
        others = position.initial_margin()
    else:
        others = exchange.equity() - sum((one.unrealised(market.mark) for one in moving), ZERO)
        others -= maintenance_margins(exchange) - sum((maintenance_margin(exchange, one) for one in moving), ZERO)
    cost = sum((one.cost - tier(exchange, one).deduction for one in moving), ZERO)
    slope = sum((one.size - abs(one.size) * _kept_rate(exchange, one) for one in moving), ZERO)
    price = (cost - others) / slope
    rounded = round(price / tick) * tick
    return rounded if tick < rounded < market.mark * FARTHEST else None


def _beside(exchange: Exchange, position: Position) -> list[Position]:
    """The open positions of its symbol."""
    return [one for one in exchange.open_positions() if one.symbol == position.symbol]


def _kept_rate(exchange: Exchange, position: Position) -> Decimal:
    """Share of the value that must be kept, with the fee to close."""
    return tier(exchange, position).maintenance_rate + _fee_rate(exchange, position)


def _value(exchange: Exchange, position: Position) -> Decimal:
    return position.value(exchange.markets[position.symbol].mark)


def _fee_rate(exchange: Exchange, position: Position) -> Decimal:
    return exchange.markets[position.symbol].instrument.taker_fee

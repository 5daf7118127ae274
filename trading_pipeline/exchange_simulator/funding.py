"""Funding: every eight hours longs pay shorts, or the other way round.

The rate is a deterministic function of symbol and instant around the venue's usual 0.01 %.
"""

import hashlib
from dataclasses import dataclass
from decimal import Decimal

from trading_pipeline.exchange_simulator.exchange import Exchange
from trading_pipeline.exchange_simulator.fills import Booking, announce_position, record
from trading_pipeline.exchange_simulator.orders import ZERO, Order, Status, Terms
from trading_pipeline.exchange_simulator.positions import Position

INTERVAL_MS = 8 * 3_600_000


@dataclass(frozen=True, slots=True)
class FundingRate:
    """The rate longs paid shorts at an instant, as a fraction of position value."""

    at_ms: int
    rate: Decimal


def due(now_ms: int) -> bool:
    """Whether funding is exchanged exactly now."""
    return now_ms % INTERVAL_MS == 0


def next_after(now_ms: int) -> int:
    """The next funding instant after now."""
    return now_ms - now_ms % INTERVAL_MS + INTERVAL_MS


def rate_at(symbol: str, at_ms: int) -> Decimal:
    """Rate at a funding instant: -0.005 % to 0.015 %, in steps of 0.0001 %."""
    number = int.from_bytes(hashlib.sha256(f"{symbol}|{at_ms}".encode()).digest()[:4])
    return Decimal(number % 201 - 50).scaleb(-6)


def settle(exchange: Exchange) -> None:
    """Charge every open position."""
    for position in exchange.open_positions():
        _charge(exchange, position)
        announce_position(exchange, position)


def _charge(exchange: Exchange, position: Position) -> None:
    """Book one funding payment as an execution of the venue, without changing the position."""
    price = exchange.markets[position.symbol].last
    rate = rate_at(position.symbol, exchange.now_ms)
    fee = position.size * price * rate
    exchange.account.wallet -= fee
    exchange.account.funding += fee
    position.charge(fee)
    sequence = exchange.next_sequence()
    terms = Terms(position.symbol, position.side, "UNKNOWN", abs(position.size), create_type="")
    order = Order(exchange.new_id("funding", sequence), sequence, terms, exchange.now_ms, price)
    order.status = Status.FILLED
    record(exchange, order, Booking("Funding", abs(position.size), price, ZERO, ZERO, fee, rate, maker=False))

"""Charging funding: longs pay shorts a share of notional, or the other way round."""

from trading_pipeline.exchange_simulator.exchange import Exchange
from trading_pipeline.exchange_simulator.fills import Booking, announce_position, record
from trading_pipeline.exchange_simulator.orders import ZERO, Order, Status, Terms
from trading_pipeline.exchange_simulator.positions import Position


def settle_due(exchange: Exchange) -> None:
    """Charge what falls due exactly now, where there is a bar to tell the price."""
    for position in exchange.open_positions():
        closes_ms = exchange.markets[position.symbol].walk.close_of_last(exchange.now_ms)
        # Where bars are missing there is no price; what falls due in the hole is charged at the next open.
        if closes_ms >= exchange.now_ms and exchange.funding[position.symbol].due(exchange.now_ms):
            _charge(exchange, position, exchange.now_ms)


def settle_missed(exchange: Exchange, position: Position) -> None:
    """At the open of a bar, charge what fell due since the bar before it closed, at this open's price."""
    closed_ms = exchange.markets[position.symbol].walk.close_of_last(exchange.now_ms)
    for due_ms in exchange.funding[position.symbol].between(closed_ms, exchange.now_ms):
        if not position.flat:
            _charge(exchange, position, due_ms)


def _charge(exchange: Exchange, position: Position, due_ms: int) -> None:
    """Book one funding payment as an execution of the venue, without changing the position."""
    # By the mark price, as everything that a position owes.
    price = exchange.markets[position.symbol].mark
    rate = exchange.funding[position.symbol].rate_at(due_ms)
    # Signed: a short has a negative size, so that it receives what longs pay.
    fee = position.size * price * rate
    exchange.account.wallet -= fee
    exchange.account.funding += fee
    position.charge(fee)
    sequence = exchange.next_sequence()
    terms = Terms(
        position.symbol, position.side, "UNKNOWN", abs(position.size), create_type="", position_index=position.index
    )
    order = Order(exchange.new_id("funding", sequence), sequence, terms, exchange.now_ms, price)
    order.status = Status.FILLED
    record(exchange, order, Booking("Funding", abs(position.size), price, ZERO, ZERO, fee, rate, maker=False))
    announce_position(exchange, position)

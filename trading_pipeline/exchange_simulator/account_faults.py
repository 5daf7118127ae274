"""What the venue, or a person at its web page, does to an account without being asked by the client."""

from collections.abc import Callable
from decimal import ROUND_UP, Decimal

from trading_pipeline.exchange_simulator import matching, order_entry, protection
from trading_pipeline.exchange_simulator.exchange import Exchange
from trading_pipeline.exchange_simulator.faults import Fault, FaultKind
from trading_pipeline.exchange_simulator.fills import announce_position, cancel
from trading_pipeline.exchange_simulator.orders import Order
from trading_pipeline.exchange_simulator.parameters import Parameters, text
from trading_pipeline.exchange_simulator.position_book import LONG, SHORT
from trading_pipeline.exchange_simulator.positions import Position
from trading_pipeline.exchange_simulator.rejections import Rejection, bad_parameter


def happen(exchange: Exchange, fault: Fault) -> None:
    """Let it happen now.

    :raises Rejection: 10001, there is nothing that it could happen to.
    """
    exchange.market(fault.symbol)
    _ACTS[fault.kind](exchange, fault)


def suffer_partly(exchange: Exchange, order: Order, fault: Fault) -> Decimal:
    """How much of what is left of the order fills now; the rest is not looked at for ``seconds`` of virtual time."""
    step = exchange.markets[order.terms.symbol].instrument.quantity_increment
    order.idle_until_ms = exchange.now_ms + int(fault.seconds * 1000)
    return min(order.leaves, max(step, order.leaves * fault.fraction // step * step))


def fill_addressed(exchange: Exchange, request: Parameters) -> None:
    """Fill the resting order that a cancel or amend request names, before the request is looked at."""
    order = exchange.orders.find(text(request, "orderId"), text(request, "orderLinkId"))
    if order is not None and order.active and not (order.conditional or order.unseen):
        matching.touch(exchange, order)


def refuse_suspended(exchange: Exchange, symbol: str) -> None:
    """Where trading stands still, orders can be cancelled and nothing else.

    :raises Rejection: 110074.
    """
    if symbol in exchange.suspended:
        raise Rejection(110074, "This contract is not live")


def _cancel_stop(exchange: Exchange, fault: Fault) -> None:
    """The position's stop loss is gone, and the position is not."""
    position = _hit(exchange, fault)
    if position.stop_loss is None:
        raise bad_parameter(f"params error: {fault.symbol} has no stop to cancel")
    cancel(exchange, position.stop_loss, "CancelBySystem")
    protection.forget_settled(position)
    announce_position(exchange, position)


def _trade_by_hand(exchange: Exchange, fault: Fault) -> None:
    """A market order of somebody with the same account, without a client id."""
    request = {"category": "linear", "symbol": fault.symbol, "side": fault.side, "qty": str(fault.quantity)}
    if fault.symbol in exchange.positions.hedged:
        request["positionIdx"] = str(LONG if fault.side == "Buy" else SHORT)
    order_entry.create(exchange, {**request, "orderType": "Market"}, at_once=True)


def _adl(exchange: Exchange, fault: Fault) -> None:
    """Part of the position is closed against somebody's liquidation."""
    position = _hit(exchange, fault)
    step = exchange.markets[fault.symbol].instrument.quantity_increment
    quantity = (abs(position.size) * fault.fraction / step).to_integral_value(ROUND_UP) * step
    _refuse_flat(exchange, fault)
    matching.take_over(exchange, position, quantity, "AdlTrade")


def _liquidate(exchange: Exchange, fault: Fault) -> None:
    """The whole position is closed by the venue."""
    _refuse_flat(exchange, fault)
    position = _hit(exchange, fault)
    matching.take_over(exchange, position, abs(position.size), "BustTrade")


def _hit(exchange: Exchange, fault: Fault) -> Position:
    """The symbol's position; in hedge mode the long one, or the short one where only that is open."""
    shown = exchange.positions.shown(fault.symbol)
    return next((position for position in shown if not position.flat), shown[0])


def _refuse_flat(exchange: Exchange, fault: Fault) -> None:
    if _hit(exchange, fault).flat:
        raise bad_parameter(f"params error: {fault.symbol} has no position for {fault.kind}")


def _suspend(exchange: Exchange, fault: Fault) -> None:
    """Trading in the symbol stands still, or goes on with ``value`` set to ``Trading``."""
    if fault.value == "Trading":
        exchange.suspended.discard(fault.symbol)
    else:
        exchange.suspended.add(fault.symbol)


_ACTS: dict[FaultKind, Callable[[Exchange, Fault], None]] = {
    FaultKind.CANCEL_STOP: _cancel_stop,
    FaultKind.TRADE_BY_HAND: _trade_by_hand,
    FaultKind.ADL: _adl,
    FaultKind.LIQUIDATION: _liquidate,
    FaultKind.SUSPEND: _suspend,
}

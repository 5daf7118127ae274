"""Positions, and what closing them has brought."""

from collections.abc import Iterable

from trading_pipeline.exchange_simulator import parameters, position_changes
from trading_pipeline.exchange_simulator.exchange import Execution, Payload
from trading_pipeline.exchange_simulator.orders import ZERO
from trading_pipeline.exchange_simulator.parameters import Parameters
from trading_pipeline.exchange_simulator.payloads.numbers import average_price, money, plain
from trading_pipeline.exchange_simulator.payloads.positions import position_payload
from trading_pipeline.exchange_simulator.position_mode import switch_mode as switch_position_mode
from trading_pipeline.exchange_simulator.positions import Position
from trading_pipeline.exchange_simulator.rejections import bad_parameter
from trading_pipeline.exchange_simulator.routes.endpoint import SignedEndpoint
from trading_pipeline.exchange_simulator.routes.paging import page, period
from trading_pipeline.exchange_simulator.seat import Seat


def positions(seat: Seat, request: Parameters) -> Payload:
    """``/v5/position/list``: the asked symbol even when flat, else whatever is open."""
    parameters.linear(request)
    seat.catch_up()
    exchange = seat.exchange
    symbol = parameters.text(request, "symbol")
    if symbol:
        exchange.market(symbol)
        chosen = exchange.positions.shown(symbol)
    # A flat symbol has a row only when it is asked for by name, as at the venue.
    elif parameters.text(request, "settleCoin") or parameters.text(request, "baseCoin"):
        opened = exchange.open_positions()
        chosen = [one for one in opened if parameters.of_coins(request, exchange.markets[one.symbol].instrument)]
    else:
        raise bad_parameter("params error: symbol or settleCoin is required")
    # By place in the list of symbols, which falls from row to row as a cursor wants it.
    places = {id(one): -number for number, one in enumerate(exchange.positions)}

    def shown(position: Position) -> Payload:
        return position_payload(exchange, position)

    return page([(places[id(one)], one) for one in chosen], request, shown, default=20, most=200)


def set_leverage(seat: Seat, request: Parameters) -> Payload:
    """``/v5/position/set-leverage``."""
    seat.catch_up()
    position_changes.set_leverage(seat.exchange, request)
    return {}


def switch_mode(seat: Seat, request: Parameters) -> Payload:
    """``/v5/position/switch-mode``: one-way or hedge, of one symbol or of all of a coin."""
    seat.catch_up()
    switch_position_mode(seat.exchange, request)
    return {}


def trading_stop(seat: Seat, request: Parameters) -> Payload:
    """``/v5/position/trading-stop``."""
    seat.catch_up()
    position_changes.set_trading_stop(seat.exchange, request)
    return {}


def closed_pnl(seat: Seat, request: Parameters) -> Payload:
    """``/v5/position/closed-pnl``: one row per order that closed something, newest first, seven days at a time."""
    parameters.linear(request)
    begin, end = period(seat, request)
    symbol = parameters.text(request, "symbol")
    if symbol:
        seat.exchange.market(symbol)
    closing = [
        one
        for one in seat.exchange.executions
        if one.closed and begin <= one.at_ms <= end and symbol in ("", one.order.terms.symbol)
    ]

    def shown(fills: list[Execution]) -> Payload:
        return _closed_row(seat, fills)

    return page(_by_order(closing), request, shown, default=50, most=100)


def _by_order(closing: Iterable[Execution]) -> list[tuple[int, list[Execution]]]:
    """Fills of each order, oldest first, with the number of the first one, which no later fill changes."""
    orders: dict[str, list[Execution]] = {}
    for execution in closing:
        orders.setdefault(execution.order.order_id, []).append(execution)
    return [(fills[0].sequence, fills) for fills in reversed(orders.values())]


def _closed_row(seat: Seat, fills: list[Execution]) -> Payload:
    """A row of closed PnL; the entry price follows from exit price and realised profit."""
    order, terms, last = fills[0].order, fills[0].order.terms, fills[-1]
    closed = sum((one.closed for one in fills), ZERO)
    realised = sum((one.realised for one in fills), ZERO)
    open_fee = sum((one.open_fee for one in fills), ZERO)
    close_fee = sum((one.closing_fee for one in fills), ZERO)
    exit_value = sum((one.closed * one.price for one in fills), ZERO)
    # The closing side sells a long: profit = exit - entry; for a short the sign turns.
    entry_value = exit_value + realised * terms.sign
    return {
        "symbol": terms.symbol,
        "orderType": terms.order_type,
        "leverage": plain(seat.exchange.positions.of(terms).leverage),
        "updatedTime": str(last.at_ms),
        "side": terms.side,
        "orderId": order.order_id,
        "closedPnl": money(realised - open_fee - close_fee),
        "openFee": money(open_fee),
        "closeFee": money(close_fee),
        "avgEntryPrice": average_price(entry_value / closed),
        "qty": plain(terms.quantity),
        "cumEntryValue": money(entry_value),
        "createdTime": str(order.created_ms),
        "orderPrice": plain(terms.price or last.price),
        "closedSize": plain(closed),
        "avgExitPrice": average_price(exit_value / closed),
        "execType": last.kind,
        "fillCount": str(len(fills)),
        "cumExitValue": money(exit_value),
    }


ENDPOINTS = (
    SignedEndpoint("GET", "/v5/position/list", positions, lists=True),
    SignedEndpoint("POST", "/v5/position/set-leverage", set_leverage),
    SignedEndpoint("POST", "/v5/position/switch-mode", switch_mode),
    SignedEndpoint("POST", "/v5/position/trading-stop", trading_stop),
    SignedEndpoint("GET", "/v5/position/closed-pnl", closed_pnl, lists=True),
)

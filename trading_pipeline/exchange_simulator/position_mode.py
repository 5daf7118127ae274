"""One-way and hedge mode: whether a symbol has one position, or a long and a short one."""

from trading_pipeline.exchange_simulator import parameters
from trading_pipeline.exchange_simulator.exchange import Exchange
from trading_pipeline.exchange_simulator.parameters import Parameters
from trading_pipeline.exchange_simulator.rejections import Rejection

_ONE_WAY, _HEDGE = "0", "3"


def switch_mode(exchange: Exchange, request: Parameters) -> None:
    """Switch one symbol, or of a coin all that can be switched.

    :raises Rejection: 110025 unchanged, 110024 an open position, 110028 an active order, 10001.
    """
    parameters.linear(request)
    hedged = parameters.one_of(request, "mode", (_ONE_WAY, _HEDGE)) == _HEDGE
    symbol = parameters.text(request, "symbol")
    if not symbol:
        _switch_all(exchange, parameters.required(request, "coin"), hedged=hedged)
        return
    exchange.market(symbol)
    if hedged == (symbol in exchange.positions.hedged):
        raise Rejection(110025, "Position mode is not modified")
    objection = _objection(exchange, symbol)
    if objection is not None:
        raise objection
    exchange.positions.switch(symbol, hedged=hedged)


def _switch_all(exchange: Exchange, coin: str, *, hedged: bool) -> None:
    """Switch every symbol that settles in the coin and that nothing is open in.

    The others stay as they are, which is no error at the venue.
    """
    for symbol, market in exchange.markets.items():
        if market.instrument.settlement_currency == coin and _objection(exchange, symbol) is None:
            exchange.positions.switch(symbol, hedged=hedged)


def _objection(exchange: Exchange, symbol: str) -> Rejection | None:
    """What stands in the way of another mode."""
    if any(not position.flat for position in exchange.positions.shown(symbol)):
        return Rejection(110024, "You have an existing position, so the position mode cannot be switched.")
    if exchange.orders.active(symbol):
        return Rejection(110028, "You have existing open orders, so the position mode cannot be switched.")
    return None

"""Leverage, and the position's own stop loss and take profit."""

from decimal import Decimal

from trading_pipeline.exchange_simulator import latency, order_changes, order_entry, parameters, protection
from trading_pipeline.exchange_simulator.exchange import Change, Exchange
from trading_pipeline.exchange_simulator.fills import announce_position, cancel
from trading_pipeline.exchange_simulator.margins import tier
from trading_pipeline.exchange_simulator.orders import ZERO, Levels
from trading_pipeline.exchange_simulator.parameters import Parameters
from trading_pipeline.exchange_simulator.payloads.positions import position_push
from trading_pipeline.exchange_simulator.position_book import ONE_WAY
from trading_pipeline.exchange_simulator.positions import Position
from trading_pipeline.exchange_simulator.rejections import Rejection, bad_parameter

_FIELDS = {"StopLoss": "stopLoss", "TakeProfit": "takeProfit"}
_STOP_FIELDS = (
    *("symbol", "positionIdx", "tpslMode", "stopLoss", "takeProfit", "slTriggerBy", "tpTriggerBy", "slSize", "tpSize"),
    *("slOrderType", "tpOrderType", "slLimitPrice", "tpLimitPrice", "trailingStop", "activePrice"),
)
"""What of a request is kept until it takes effect."""


def set_leverage(exchange: Exchange, request: Parameters) -> None:
    """Set the leverage of one symbol; both sides alike, but for hedge mode with isolated margin.

    :raises Rejection: 110043 unchanged, 110013 above the maximum, 110044 not enough margin, 10001.
    """
    parameters.linear(request)
    symbol = parameters.required(request, "symbol")
    exchange.market(symbol)
    buy, sell = parameters.number(request, "buyLeverage"), parameters.number(request, "sellLeverage")
    shown = exchange.positions.shown(symbol)
    apart = len(shown) > 1 and exchange.account.isolated
    if buy is None or sell is None or (buy != sell and not apart):
        raise bad_parameter("buy leverage not equal sell leverage")
    wanted = (buy, sell)[: len(shown)]
    for leverage, position in zip(wanted, shown, strict=True):
        _check_leverage(leverage, tier(exchange, position).max_leverage)
    if wanted == tuple(exchange.agreed_leverage(position) for position in shown):
        raise Rejection(110043, "leverage not modified")
    _check_affordable(exchange, shown, wanted)
    change = {"symbol": symbol, "buyLeverage": str(buy), "sellLeverage": str(sell)}
    if not latency.send(exchange, exchange.account.on_the_way, change):
        carry_out(exchange, change)


def _check_affordable(exchange: Exchange, positions: list[Position], wanted: tuple[Decimal, ...]) -> None:
    """The account has the margin that the leverages bind.

    :raises Rejection: 110044.
    """
    before = tuple(position.leverage for position in positions)
    # Set and taken back: the margins are computed from what is set.
    _lever(positions, wanted)
    covered = exchange.equity() >= exchange.position_margin() + exchange.order_margin()
    _lever(positions, before)
    if not covered:
        raise Rejection(110044, "Available margin is insufficient")


def carry_out(exchange: Exchange, change: Change) -> None:
    """Let a change that was accepted take effect."""
    if "orderFilter" in change:
        order_changes.withdraw_stops(exchange, change["symbol"], change["orderFilter"])
        return
    if "buyLeverage" not in change:
        _protect(exchange, change)
        return
    shown = exchange.positions.shown(change["symbol"])
    _lever(shown, (Decimal(change["buyLeverage"]), Decimal(change["sellLeverage"]))[: len(shown)])
    for position in shown:
        exchange.push("position", position_push(exchange, position))


def _check_leverage(leverage: Decimal, most: Decimal) -> None:
    """Between 1 and the most that the position's tier allows, with two decimals at most.

    :raises Rejection: 10001 or 110013.
    """
    if leverage < 1 or leverage * 100 % 1:
        raise bad_parameter(f"params error: leverage invalid {leverage}")
    if leverage > most:
        raise Rejection(110013, f"cannot set leverage [{leverage}] gt maxLeverage [{most}] by risk limit")


def _lever(positions: list[Position], leverages: tuple[Decimal, ...]) -> None:
    for position, leverage in zip(positions, leverages, strict=True):
        position.leverage = leverage


def set_trading_stop(exchange: Exchange, request: Parameters) -> None:
    """Set, move or remove (``0``) the position's stop loss, take profit and trailing stop; in Partial mode add a pair.

    :raises Rejection: 10001 no position or wrong side, 34040 nothing changes.
    """
    parameters.linear(request)
    symbol = parameters.required(request, "symbol")
    exchange.market(symbol)
    position = exchange.positions.at(symbol, order_entry.position_index(exchange, request))
    if position.flat:
        raise bad_parameter("can not set tp/sl/ts for zero position")
    levels = order_entry.attached_levels(request, exchange.markets[symbol].instrument)
    if levels.partial:
        _check_partial(exchange, position, levels, request)
    else:
        _check_whole(exchange, position, request)
    change = {name: parameters.text(request, name) for name in _STOP_FIELDS} | {"side": position.side}
    if not latency.send(exchange, exchange.account.on_the_way, change):
        carry_out(exchange, change)


def _protect(exchange: Exchange, change: Change) -> None:
    """Give the position the levels that were asked for, unless it has been closed or turned since then.

    A price that has passed a level meanwhile meets it at once.
    """
    symbol = change["symbol"]
    position = exchange.positions.at(symbol, parameters.integer(change, "positionIdx", ONE_WAY))
    if position.side != change["side"]:
        return
    levels = order_entry.attached_levels(change, exchange.markets[symbol].instrument)
    if levels.partial:
        sizes = [size for name in ("slSize", "tpSize") if (size := parameters.number(change, name))]
        protection.place_pair(exchange, position, levels, min(abs(position.size), *sizes))
    else:
        for kind in _FIELDS:
            level = _wanted(position, kind, change)
            if level is not None:
                _apply(exchange, position, kind, level, change)
        trails = _wanted_trailing(exchange, position, change)
        if trails is not None:
            _apply_trailing(exchange, position, *trails)
    announce_position(exchange, position)


def _check_partial(exchange: Exchange, position: Position, levels: Levels, request: Parameters) -> None:
    """A stop loss, a take profit or both for a part of the position could be added; what is there stays.

    :raises Rejection: 10001 wrong side or size, 34040 nothing is asked for.
    """
    given = (("StopLoss", "slSize", levels.stop_loss), ("TakeProfit", "tpSize", levels.take_profit))
    wanted = [(kind, name, level) for kind, name, level in given if level is not None]
    if not wanted:
        raise Rejection(34040, "not modified")
    market = exchange.markets[position.symbol]
    for kind, name, level in wanted:
        protection.check_side(kind, level, position.side, market.last)
        parameters.required(request, name)
    sizes = {parameters.number(request, name) or ZERO for _, name, _ in wanted}
    if len(sizes) > 1:
        raise bad_parameter("params error: tpSize and slSize are not equal")
    order_entry.check_quantity(market.instrument, sizes.pop(), abs(position.size))


def _check_whole(exchange: Exchange, position: Position, request: Parameters) -> None:
    """The levels of the whole position change, and lie where they may.

    :raises Rejection: 10001 off the tick, wrong side, or the price has passed the activation price; 34040.
    """
    instrument, last = exchange.markets[position.symbol].instrument, exchange.markets[position.symbol].last
    changes = {kind: level for kind in _FIELDS if (level := _wanted(position, kind, request)) is not None}
    trails = _wanted_trailing(exchange, position, request)
    if not changes and trails is None:
        raise Rejection(34040, "not modified")
    for kind, level in changes.items():
        if level:
            order_entry.on_tick(level, _FIELDS[kind], instrument)
            protection.check_side(kind, level, position.side, last)
    distance, activation = trails or (ZERO, None)
    order_entry.on_tick(distance, "trailingStop", instrument)
    if activation is not None and (activation - last) * position.size <= 0:
        raise bad_parameter(f"params error: activePrice invalid {activation}, the last price is {last}")


def _wanted(position: Position, kind: str, request: Parameters) -> Decimal | None:
    """The new level asked for, zero to remove it, ``None`` when it stays as it is."""
    level = parameters.number(request, _FIELDS[kind])
    held = protection.held(position, kind)
    return None if level is None or level == (held.terms.trigger_price if held else 0) else level


def _wanted_trailing(
    exchange: Exchange, position: Position, request: Parameters
) -> tuple[Decimal, Decimal | None] | None:
    """Distance, zero to remove it, and activation price of the trailing stop; ``None`` when it stays as it is."""
    distance = parameters.number(request, "trailingStop")
    activation = order_entry.optional_price(request, "activePrice", exchange.markets[position.symbol].instrument)
    order = position.trailing_stop
    if distance is None or (distance == (order.terms.trailing_by if order else 0) and activation is None):
        return None
    return distance, activation


def _apply_trailing(exchange: Exchange, position: Position, distance: Decimal, activation: Decimal | None) -> None:
    """Set or remove the trailing stop."""
    order = position.trailing_stop
    if distance:
        protection.set_trailing(exchange, position, distance, activation)
    elif order is not None:
        position.trailing_stop = None
        cancel(exchange, order, "CancelByTpSlTsClear")


def _apply(exchange: Exchange, position: Position, kind: str, level: Decimal, request: Parameters) -> None:
    """Make one change."""
    if level:
        trigger_by = parameters.text(request, "slTriggerBy" if kind == "StopLoss" else "tpTriggerBy")
        protection.set_level(exchange, position, kind, level, trigger_by)
        return
    order = protection.held(position, kind)
    protection.hold(position, kind, None)
    if order is not None:
        cancel(exchange, order, "CancelByTpSlTsClear")

"""Positions as REST lists and the private stream show them."""

from decimal import Decimal

from trading_pipeline.exchange_simulator import margins
from trading_pipeline.exchange_simulator.exchange import Exchange, Payload
from trading_pipeline.exchange_simulator.orders import ZERO, Order
from trading_pipeline.exchange_simulator.payloads.numbers import average_price, money, optional, plain
from trading_pipeline.exchange_simulator.positions import Position


def position_payload(exchange: Exchange, position: Position) -> Payload:
    """An entry of ``/v5/position/list``."""
    mark = exchange.markets[position.symbol].mark
    tier = margins.tier(exchange, position)
    margin = money(margins.initial_margin(exchange, position))
    maintenance = money(margins.maintenance_margin(exchange, position))
    return {
        "positionIdx": position.index,
        "riskId": tier.number,
        "riskLimitValue": plain(tier.limit),
        "symbol": position.symbol,
        "side": position.side,
        "size": plain(abs(position.size)),
        "avgPrice": average_price(position.average_price),
        "positionValue": money(abs(position.cost)),
        "tradeMode": 0,
        "positionStatus": "Normal",
        "autoAddMargin": 0,
        "adlRankIndicator": 0 if position.flat else 2,
        "leverage": plain(position.leverage),
        "breakEvenPrice": "" if position.flat else average_price(_break_even(exchange, position)),
        "positionBalance": margin,
        "markPrice": plain(mark),
        "liqPrice": optional(margins.liquidation_price(exchange, position)),
        "bustPrice": "",
        "positionMM": maintenance,
        "positionMMByMp": maintenance,
        "positionIM": margin,
        "positionIMByMp": margin,
        "tpslMode": "Full",
        "takeProfit": _level(position.take_profit),
        "stopLoss": _level(position.stop_loss),
        "trailingStop": "0" if position.trailing_stop is None else optional(position.trailing_stop.terms.trailing_by),
        "unrealisedPnl": money(position.unrealised(mark)) if not position.flat else "",
        "curRealisedPnl": money(position.realised_now),
        "cumRealisedPnl": money(position.realised_total),
        "seq": exchange.sequence,
        "isReduceOnly": False,
        "mmrSysUpdateTime": "",
        "leverageSysUpdatedTime": "",
        "sessionAvgPrice": "",
        "createdTime": str(position.created_ms),
        "updatedTime": str(position.updated_ms),
    }


def _level(order: Order | None) -> str:
    """Trigger price of a position's stop; empty when there is none."""
    return "" if order is None else optional(order.terms.trigger_price)


def _break_even(exchange: Exchange, position: Position) -> Decimal:
    """Price (quote currency) at which closing as a taker returns what the position has cost since it was opened."""
    sign = 1 if position.size > 0 else -1
    cost = position.cost - position.realised_now
    taker_fee = exchange.markets[position.symbol].instrument.taker_fee
    return max(ZERO, cost / position.size / (1 - sign * taker_fee))


def position_push(exchange: Exchange, position: Position) -> Payload:
    """An entry of the private topic ``position``, which names the entry price differently and writes none as 0."""
    payload = position_payload(exchange, position)
    entry = payload.pop("avgPrice")
    # The venue spells this field differently in REST and on the stream.
    payload["mmrSysUpdatedTime"] = payload.pop("mmrSysUpdateTime")
    payload["category"] = "linear"
    payload["entryPrice"] = entry
    for name in ("takeProfit", "stopLoss", "unrealisedPnl", "liqPrice"):
        payload[name] = payload[name] or "0"
    return payload

"""Orders, executions, positions and the wallet, as REST lists and the private stream show them."""

from decimal import Decimal

from trading_pipeline.exchange_simulator.exchange import Exchange, Execution, Payload
from trading_pipeline.exchange_simulator.orders import ZERO, Order
from trading_pipeline.exchange_simulator.payloads.numbers import average_price, money, optional, plain
from trading_pipeline.exchange_simulator.positions import Position

_EMPTY_ON_THE_STREAM = ("stopOrderType", "triggerPrice", "triggerBy", "tpTriggerBy", "slTriggerBy")


def order_payload(order: Order) -> Payload:
    """An entry of ``/v5/order/realtime`` and ``/v5/order/history``."""
    terms = order.terms
    unfilled = order.leaves * (terms.price or order.last_price)
    return {
        "orderId": order.order_id,
        "orderLinkId": terms.link_id,
        "blockTradeId": "",
        "symbol": terms.symbol,
        "price": optional(terms.price, "0"),
        "qty": plain(terms.quantity),
        "side": terms.side,
        "isLeverage": "",
        "positionIdx": 0,
        "orderStatus": order.status.value,
        "cancelType": order.cancel_type,
        "rejectReason": order.reject_reason,
        "avgPrice": average_price(order.average_price) if order.filled else "",
        "leavesQty": plain(order.leaves),
        "leavesValue": plain(unfilled),
        "cumExecQty": plain(order.filled),
        "cumExecValue": plain(order.average_value),
        "cumExecFee": plain(order.fees),
        "timeInForce": terms.time_in_force,
        "orderType": terms.order_type,
        "stopOrderType": terms.stop_order_type or "UNKNOWN",
        "orderIv": "",
        "triggerPrice": optional(terms.trigger_price, "0.00"),
        "takeProfit": optional(terms.take_profit),
        "stopLoss": optional(terms.stop_loss),
        "tpTriggerBy": terms.profit_trigger_by if terms.take_profit is not None else "UNKNOWN",
        "slTriggerBy": terms.stop_trigger_by if terms.stop_loss is not None else "UNKNOWN",
        "triggerDirection": _direction(order),
        "triggerBy": terms.trigger_by or "UNKNOWN",
        "lastPriceOnCreated": plain(order.last_price),
        "reduceOnly": terms.reduce_only,
        "closeOnTrigger": terms.close_on_trigger,
        "smpType": "None",
        "smpGroup": 0,
        "smpOrderId": "",
        "tpslMode": "Full" if _carries_levels(order) else "",
        "tpLimitPrice": "",
        "slLimitPrice": "",
        "placeType": "",
        "slippageToleranceType": "UNKNOWN",
        "slippageTolerance": "",
        "createdTime": str(order.created_ms),
        "updatedTime": str(order.updated_ms),
        "extraFees": "",
        "cumFeeDetail": {"USDT": plain(order.fees)} if order.fees else {},
        "rpiTakerAccess": False,
        "rpiMatchedQty": "0",
        "createType": terms.create_type,
    }


def _direction(order: Order) -> int:
    """1 for a rising trigger, 2 for a falling one, 0 for none."""
    if order.terms.trigger_price is None:
        return 0
    return 1 if order.terms.trigger_rises else 2


def _carries_levels(order: Order) -> bool:
    """Whether position-level stops come with the order, or it is one."""
    terms = order.terms
    return terms.stop_loss is not None or terms.take_profit is not None or terms.stop_order_type.endswith("s")


def order_push(order: Order) -> Payload:
    """An entry of the private topic ``order``, which leaves empty what the query calls unknown."""
    payload = order_payload(order)
    empty = {name: "" for name in _EMPTY_ON_THE_STREAM if payload[name] in ("UNKNOWN", "0.00")}
    return {
        "category": "linear",
        **payload,
        **empty,
        "closedPnl": money(order.closed_pnl),
        "feeCurrency": "USDT",
    }


def execution_payload(execution: Execution, mark: Decimal) -> Payload:
    """An entry of ``/v5/execution/list``."""
    terms = execution.order.terms
    return {
        "symbol": terms.symbol,
        "orderType": terms.order_type,
        "underlyingPrice": "",
        "orderLinkId": terms.link_id,
        "side": terms.side,
        "indexPrice": "",
        "orderId": execution.order.order_id,
        "stopOrderType": terms.stop_order_type or "UNKNOWN",
        "leavesQty": plain(execution.leaves),
        "execTime": str(execution.at_ms),
        "feeCurrency": "USDT",
        "isMaker": execution.is_maker,
        "execFee": plain(execution.fee),
        "feeRate": plain(execution.fee_rate),
        "execId": execution.execution_id,
        "tradeIv": "",
        "blockTradeId": "",
        "markPrice": plain(mark),
        "execPrice": plain(execution.price),
        "markIv": "",
        "orderQty": plain(terms.quantity),
        "orderPrice": optional(terms.price, plain(execution.price)),
        "execValue": plain(execution.quantity * execution.price),
        "execType": execution.kind,
        "execQty": plain(execution.quantity),
        "closedSize": plain(execution.closed),
        "extraFees": "",
        "seq": execution.sequence,
        "createType": terms.create_type,
    }


def execution_push(execution: Execution, mark: Decimal) -> Payload:
    """An entry of the private topic ``execution``."""
    return {
        "category": "linear",
        **execution_payload(execution, mark),
        "isLeverage": "0",
        "marketUnit": "",
        # What the transaction log calls cash flow: before fees.
        "execPnl": money(execution.realised),
    }


def liquidation_entry(execution: Execution) -> Payload:
    """An entry of the public topic ``allLiquidation``: a position that the venue closed."""
    terms = execution.order.terms
    return {
        "T": execution.at_ms,
        "s": terms.symbol,
        # Of the position, not of the order that closed it.
        "S": "Buy" if terms.side == "Sell" else "Sell",
        "v": plain(execution.quantity),
        "p": plain(execution.price),
    }


def position_payload(exchange: Exchange, position: Position) -> Payload:
    """An entry of ``/v5/position/list``."""
    mark = exchange.markets[position.symbol].last
    margin, maintenance = money(position.initial_margin()), money(position.maintenance_margin(mark))
    return {
        "positionIdx": 0,
        "riskId": 1,
        "riskLimitValue": "2000000",
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
        # A unified account has no liquidation price of a single position.
        "liqPrice": "",
        "bustPrice": "",
        "positionMM": maintenance,
        "positionMMByMp": maintenance,
        "positionIM": margin,
        "positionIMByMp": margin,
        "tpslMode": "Full",
        "takeProfit": _level(position.take_profit),
        "stopLoss": _level(position.stop_loss),
        "trailingStop": "0",
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


def wallet_push(exchange: Exchange) -> Payload:
    """The account of ``/v5/account/wallet-balance`` and of the private topic ``wallet``."""
    equity, unrealised = exchange.equity(), exchange.unrealised()
    position_margin, order_margin = exchange.position_margin(), exchange.order_margin()
    initial, maintenance = position_margin + order_margin, exchange.maintenance_margin()
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

"""Orders and executions, as REST lists and the private stream show them."""

from decimal import Decimal

from trading_pipeline.exchange_simulator.exchange import Execution, Payload
from trading_pipeline.exchange_simulator.orders import Order
from trading_pipeline.exchange_simulator.payloads.numbers import average_price, money, optional, plain

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
        "positionIdx": terms.position_index,
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
        "tpslMode": _levels_mode(order),
        "tpLimitPrice": optional(terms.profit_limit),
        "slLimitPrice": optional(terms.stop_limit),
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


def _levels_mode(order: Order) -> str:
    """``Full`` or ``Partial`` where levels come with the order, or it is one; else empty."""
    terms = order.terms
    is_level = terms.stop_order_type.endswith(("StopLoss", "TakeProfit"))
    if terms.stop_loss is None and terms.take_profit is None and not is_level:
        return ""
    return "Partial" if terms.partial or terms.stop_order_type.startswith("Partial") else "Full"


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

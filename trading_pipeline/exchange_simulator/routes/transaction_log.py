"""The account's transaction log: every change of the wallet, and what was in it afterwards."""

from collections import defaultdict
from decimal import Decimal

from trading_pipeline.exchange_simulator import parameters
from trading_pipeline.exchange_simulator.exchange import Execution, Payload
from trading_pipeline.exchange_simulator.parameters import Parameters
from trading_pipeline.exchange_simulator.payloads.numbers import plain
from trading_pipeline.exchange_simulator.routes.endpoint import SignedEndpoint
from trading_pipeline.exchange_simulator.routes.paging import page, period
from trading_pipeline.exchange_simulator.seat import Seat

Entry = tuple[Execution, Decimal, Decimal]
_KINDS = {"Trade": "TRADE", "Funding": "SETTLEMENT", "BustTrade": "LIQUIDATION", "AdlTrade": "ADL"}


def transaction_log(seat: Seat, request: Parameters) -> Payload:
    """``/v5/account/transaction-log``: newest first, seven days at a time."""
    begin, end = period(seat, request)
    wanted = {
        "category": ("", "linear"),
        "currency": ("", "USDT"),
        "accountType": ("", "UNIFIED"),
        # Positions that were moved between accounts, which happens to none here.
        "transSubType": ("",),
    }
    if any(parameters.text(request, name) not in allowed for name, allowed in wanted.items()):
        return {"nextPageCursor": "", "list": []}
    kind = parameters.text(request, "type")
    found = [
        (entry[0].sequence, entry)
        for entry in reversed(_entries(seat))
        if begin <= entry[0].at_ms <= end
        and kind in ("", _KINDS[entry[0].kind])
        and parameters.of_coins(request, seat.exchange.contract(entry[0].order))
    ]
    return page(found, request, _row, default=20, most=50)


def _entries(seat: Seat) -> list[Entry]:
    """Every execution with the size of the position and the wallet after it, oldest first."""
    wallet = seat.exchange.terms.balance
    sizes: dict[tuple[str, int], Decimal] = defaultdict(Decimal)
    entries = []
    for execution in seat.exchange.executions:
        terms = execution.order.terms
        if execution.kind != "Funding":
            sizes[terms.symbol, terms.position_index] += execution.quantity * terms.sign
        wallet += execution.realised - execution.fee
        entries.append((execution, sizes[terms.symbol, terms.position_index], wallet))
    return entries


def _row(entry: Entry) -> Payload:
    """A row of the log; funding stands in a field of its own, positive when received."""
    execution, size, wallet = entry
    terms, funding = execution.order.terms, execution.kind == "Funding"
    return {
        "id": execution.execution_id,
        "symbol": terms.symbol,
        "category": "linear",
        "side": terms.side,
        "transactionTime": str(execution.at_ms),
        "type": _KINDS[execution.kind],
        "transSubType": "",
        "qty": plain(execution.quantity),
        "size": plain(size),
        "currency": "USDT",
        "tradePrice": plain(execution.price),
        "funding": plain(-execution.fee) if funding else "",
        "fee": "0" if funding else plain(execution.fee),
        "cashFlow": plain(execution.realised),
        "change": plain(execution.realised - execution.fee),
        "cashBalance": plain(wallet),
        "feeRate": plain(execution.fee_rate),
        "bonusChange": "",
        "tradeId": execution.execution_id,
        "orderId": execution.order.order_id,
        "orderLinkId": terms.link_id,
        "extraFees": "",
    }


ENDPOINTS = (SignedEndpoint("GET", "/v5/account/transaction-log", transaction_log, lists=True),)

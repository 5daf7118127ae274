"""Venue payloads to domain values. Pure: nothing here asks, waits or decides.

Values that the venue may add to its enumerations never stop us: an unknown order status reads as
the least final state its quantities allow, an unknown cause of a fill as ``FillKind.VENUE``.
"""

from datetime import datetime
from decimal import Decimal

from trading_pipeline.adapters.venues.bybit import capabilities
from trading_pipeline.adapters.venues.bybit.payload import (
    Row,
    above_zero,
    as_decimal,
    as_instant,
    decimal,
    entries,
    inner,
    instant,
    positive_or_none,
    rows,
    text,
)
from trading_pipeline.adapters.venues.bybit.symbols import SIDES, instrument_id, timeframe
from trading_pipeline.domain.model.accounts import Balance, Wallet
from trading_pipeline.domain.model.bars import Bar
from trading_pipeline.domain.model.books import Level, OrderBook
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.fills import Fill, FillKind
from trading_pipeline.domain.model.instruments import Instrument, InstrumentKind, InstrumentStatus
from trading_pipeline.domain.model.local_books import BookChange
from trading_pipeline.domain.model.orders import IntentState, OrderReport, Side
from trading_pipeline.domain.model.positions import VenuePosition
from trading_pipeline.domain.model.public_trades import PublicTrade
from trading_pipeline.domain.model.tickers import TickerChange
from trading_pipeline.domain.model.timeframes import Timeframe

_SIDES = {spelling: side for side, spelling in SIDES.items()}
_STATES = {
    "New": IntentState.ACKNOWLEDGED,
    "Untriggered": IntentState.ACKNOWLEDGED,
    "Triggered": IntentState.ACKNOWLEDGED,
    "PartiallyFilled": IntentState.PARTIALLY_FILLED,
    "Filled": IntentState.FILLED,
    "Cancelled": IntentState.CANCELLED,
    "PartiallyFilledCanceled": IntentState.CANCELLED,
    "Deactivated": IntentState.CANCELLED,
    "Rejected": IntentState.REJECTED,
}
# The venue's ways to say that there is nothing to say.
_NO_REASON = ("", "UNKNOWN", "EC_NoError")
_ORDINARY_STOP_TYPES = ("", "UNKNOWN", "Stop")
_STOP_CAUSES = frozenset(
    {"StopLoss", "PartialStopLoss", "TrailingStop"}
    | {"CreateByStopLoss", "CreateByPartialStopLoss", "CreateByTrailingStop"}
)
_PROFIT_CAUSES = frozenset(
    {"TakeProfit", "PartialTakeProfit", "CreateByTakeProfit", "CreateByPartialTakeProfit", "CreateByTrailingProfit"}
)
_ORDINARY_CREATE_TYPES = frozenset({"", "CreateByUser", "CreateByClosing", "CreateByStopOrder"})
KLINE_FIELDS = 7
_STATUSES = {
    "PreLaunch": InstrumentStatus.PRE_LAUNCH,
    "Trading": InstrumentStatus.TRADING,
    "Delivering": InstrumentStatus.DELIVERING,
}
"""A status that the venue may add is none that one enters in."""
_TICKER_FIELDS = {
    "last_price": "lastPrice",
    "bid_price": "bid1Price",
    "ask_price": "ask1Price",
    "mark_price": "markPrice",
    "index_price": "indexPrice",
    "funding_rate": "fundingRate",
    "next_funding_at": "nextFundingTime",
    "open_interest": "openInterest",
}


def side(row: Row) -> Side:
    """The direction.

    :raises DataError: the venue sent neither Buy nor Sell.
    """
    spelling = text(row, "side")
    if spelling not in _SIDES:
        raise DataError(f"bybit sent side={spelling!r} for {text(row, 'symbol')}, neither Buy nor Sell")
    return _SIDES[spelling]


def kline(symbol: str, length: Timeframe, row: object) -> Bar:
    """A bar from a REST row ``[start, open, high, low, close, volume, turnover]``; ``start`` is UTC milliseconds.

    :raises DataError: the row has another shape.
    """
    if not isinstance(row, list) or len(row) < KLINE_FIELDS:
        raise DataError(f"bybit sent the kline row {row!r}, which has fewer than {KLINE_FIELDS} fields")
    prices = [as_decimal(value, "kline") for value in row[1:KLINE_FIELDS]]
    return Bar(instrument_id(symbol), length, as_instant(row[0], "startTime"), *prices)


def pushed_kline(symbol: str, row: Row) -> Bar:
    """A bar from an entry of a WebSocket kline message, confirmed or not.

    :raises DataError: a field is missing or unreadable.
    """
    return Bar(
        instrument_id=instrument_id(symbol),
        timeframe=timeframe(text(row, "interval")),
        open_time=instant(row, "start"),
        open=decimal(row, "open"),
        high=decimal(row, "high"),
        low=decimal(row, "low"),
        close=decimal(row, "close"),
        volume=decimal(row, "volume"),
        turnover=decimal(row, "turnover"),
    )


def order_book(result: Row) -> OrderBook:
    """The result of market/orderbook: prices in quote currency, quantities in base currency.

    ``ts`` is when the venue told the book; ``cts`` is when it last changed, which in a quiet market is long ago.

    :raises DataError: a level is no pair of numbers or the time is missing.
    """
    bids, asks = (tuple(_level(entry) for entry in entries(result, side)) for side in ("b", "a"))
    return OrderBook(instrument_id(text(result, "s")), instant(result, "ts"), bids, asks)


def _level(entry: object) -> Level:
    if not isinstance(entry, list) or len(entry) != 2:
        raise DataError(f"bybit sent the book level {entry!r}, which is no price with a quantity")
    return as_decimal(entry[0], "price"), as_decimal(entry[1], "size")


def next_funding(result: Row) -> datetime:
    """The next funding time (UTC) from the result of market/tickers about one symbol.

    :raises DataError: no symbol, or none that pays funding.
    """
    found = rows(result, "list")
    if len(found) != 1:
        raise DataError(f"bybit sent {len(found)} tickers where one was asked for")
    return instant(found[0], "nextFundingTime")


def ticker_change(frame: Row) -> TickerChange:
    """A message of the topic ``tickers``: the first is whole, later ones have what changed.

    A field that is empty is one that the venue does not know, such as the funding rate before a contract trades.

    :raises DataError: a field is no number, or symbol or time is missing.
    """
    row = inner(frame, "data")
    told = {name: field for name, field in _TICKER_FIELDS.items() if text(row, field)}
    values: dict[str, Decimal | datetime] = {
        name: instant(row, field) if name == "next_funding_at" else decimal(row, field) for name, field in told.items()
    }
    return TickerChange(
        instrument_id(text(row, "symbol")), instant(frame, "ts"), text(frame, "type") == "snapshot", values
    )


def book_change(frame: Row) -> BookChange:
    """A message of a topic ``orderbook``; update number 1 comes whole, as the venue began to count anew.

    :raises DataError: a level is no pair of numbers, or symbol, number or time is missing.
    """
    row = inner(frame, "data")
    number = text(row, "u")
    if not number.isdigit():
        raise DataError(f"bybit sent u={number!r} where the number of an update belongs")
    bids, asks = (tuple(_level(entry) for entry in entries(row, side)) for side in ("b", "a"))
    whole = text(frame, "type") == "snapshot" or number == "1"
    return BookChange(instrument_id(text(row, "s")), instant(frame, "ts"), int(number), whole, bids, asks)


def public_trade(row: Row) -> PublicTrade:
    """An entry of a topic ``publicTrade``.

    :raises DataError: a field is missing, or is no number.
    """
    spelling, trade_id = text(row, "S"), text(row, "i")
    if spelling not in _SIDES or not trade_id:
        raise DataError(f"bybit sent the trade {trade_id!r} with S={spelling!r}, neither Buy nor Sell")
    return PublicTrade(
        instrument_id(text(row, "s")),
        trade_id,
        instant(row, "T"),
        _SIDES[spelling],
        decimal(row, "p"),
        decimal(row, "v"),
    )


def instrument(row: Row, fees: Row) -> Instrument:
    """One row of instruments-info.

    :param fees: a row of account/fee-rate.
    :raises DataError: a step, limit or fee is missing, or is one that nothing can be counted with.
    """
    lot, price = inner(row, "lotSizeFilter"), inner(row, "priceFilter")
    return Instrument(
        instrument_id=instrument_id(text(row, "symbol")),
        kind=InstrumentKind.LINEAR_PERPETUAL,
        base_currency=text(row, "baseCoin"),
        quote_currency=text(row, "quoteCoin"),
        settlement_currency=text(row, "settleCoin"),
        price_increment=above_zero(price, "tickSize"),
        quantity_increment=above_zero(lot, "qtyStep"),
        min_quantity=decimal(lot, "minOrderQty"),
        max_quantity=decimal(lot, "maxOrderQty"),
        max_market_quantity=decimal(lot, "maxMktOrderQty"),
        min_notional=decimal(lot, "minNotionalValue"),
        max_leverage=above_zero(inner(row, "leverageFilter"), "maxLeverage"),
        maker_fee=decimal(fees, "makerFeeRate"),
        taker_fee=decimal(fees, "takerFeeRate"),
        status=_STATUSES.get(text(row, "status"), InstrumentStatus.CLOSED),
        # the venue writes 0 for a perpetual whose end is not announced
        delists_at=instant(row, "deliveryTime") if text(row, "deliveryTime") not in ("", "0") else None,
    )


def order_report(row: Row) -> OrderReport:
    """One order of a query or of the private ``order`` topic.

    :raises DataError: a quantity, side or time is missing.
    """
    quantity, filled = decimal(row, "qty"), decimal(row, "cumExecQty")
    status = text(row, "orderStatus")
    reasons = [text(row, name) for name in ("rejectReason", "cancelType")]
    if status not in _STATES:
        reasons.insert(0, f"status {status!r} is not known here")
    return OrderReport(
        order_link_id=text(row, "orderLinkId"),
        venue_order_id=text(row, "orderId"),
        instrument_id=instrument_id(text(row, "symbol")),
        side=side(row),
        state=_STATES.get(status) or _state_by_quantity(quantity, filled),
        quantity=quantity,
        filled_quantity=filled,
        average_price=positive_or_none(row, "avgPrice"),
        reduce_only=row.get("reduceOnly") is True,
        reason=", ".join(reason for reason in reasons if reason not in _NO_REASON),
        updated_at=instant(row, "updatedTime"),
    )


def _state_by_quantity(quantity: Decimal, filled: Decimal) -> IntentState:
    if filled <= 0:
        return IntentState.ACKNOWLEDGED
    return IntentState.FILLED if filled >= quantity else IntentState.PARTIALLY_FILLED


def is_stop_child(row: Row) -> bool:
    """Whether the venue made this order to protect a position (stop loss, take profit, trailing stop)."""
    return text(row, "stopOrderType") not in _ORDINARY_STOP_TYPES


def fill(row: Row) -> Fill:
    """One execution of a query or of the private ``execution`` topic.

    A funding execution keeps the venue's ``execQty``, the position it was charged on.

    :raises DataError: a quantity, price, fee, side or time is missing.
    """
    return Fill(
        execution_id=text(row, "execId"),
        order_link_id=text(row, "orderLinkId"),
        venue_order_id=text(row, "orderId"),
        instrument_id=instrument_id(text(row, "symbol")),
        side=side(row),
        quantity=decimal(row, "execQty"),
        price=decimal(row, "execPrice"),
        fee=decimal(row, "execFee"),
        # a contract's fee is in what it is settled in, and then often left empty
        fee_currency=text(row, "feeCurrency") or capabilities.SETTLE_COIN,
        is_maker=row.get("isMaker") is True,
        kind=fill_kind(row),
        executed_at=instant(row, "execTime"),
        sequence=int(text(row, "seq") or 0),
    )


def fill_kind(row: Row) -> FillKind:
    """What caused an execution; the query names it in ``stopOrderType``, the stream in ``createType`` too."""
    if text(row, "execType") == "Funding":
        return FillKind.FUNDING
    # Settlements, liquidations, deleveraging, and whatever the venue may add.
    if text(row, "execType") != "Trade":
        return FillKind.VENUE
    causes = {text(row, "createType"), text(row, "stopOrderType")}
    if causes & _STOP_CAUSES:
        return FillKind.STOP_LOSS
    if causes & _PROFIT_CAUSES:
        return FillKind.TAKE_PROFIT
    return FillKind.TRADE if text(row, "createType") in _ORDINARY_CREATE_TYPES else FillKind.VENUE


def report_from_fills(executions: list[Row]) -> OrderReport:
    """What the executions of one order tell about it, for an order the venue lists no more.

    :param executions: rows of one order, at least one, in any order.
    :raises DataError: a row is unreadable.
    """
    # Of several in one millisecond the one that leaves least open is the last.
    newest = max(executions, key=lambda row: (instant(row, "execTime"), -decimal(row, "leavesQty")))
    filled = sum((decimal(row, "execQty") for row in executions), Decimal(0))
    value = sum((decimal(row, "execQty") * decimal(row, "execPrice") for row in executions), Decimal(0))
    quantity = decimal(newest, "orderQty")
    return OrderReport(
        order_link_id=text(newest, "orderLinkId"),
        venue_order_id=text(newest, "orderId"),
        instrument_id=instrument_id(text(newest, "symbol")),
        side=side(newest),
        state=_state_by_quantity(quantity, filled),
        quantity=quantity,
        filled_quantity=filled,
        average_price=value / filled if filled else None,
        reduce_only=False,
        reason="known from its executions only",
        updated_at=instant(newest, "execTime"),
    )


def one_way(row: Row) -> bool:
    """Whether a row of position/list is the one net position of its symbol."""
    return text(row, "positionIdx") in ("", "0")


def position(row: Row) -> VenuePosition | None:
    """One row of position/list; ``None`` when it is flat.

    :raises DataError: it is one side of hedge mode, or a number is missing; an empty leverage means portfolio margin,
        which is not supported.
    """
    # A flat row has no side and no leverage worth reading.
    size = decimal(row, "size")
    if size == 0:
        return None
    if not one_way(row):
        raise DataError(f"{text(row, 'symbol')} is in hedge mode, which is not supported")
    return VenuePosition(
        instrument_id=instrument_id(text(row, "symbol")),
        side=side(row),
        quantity=size,
        average_price=decimal(row, "avgPrice"),
        stop_loss=positive_or_none(row, "stopLoss"),
        unrealised_pnl=decimal(row, "unrealisedPnl"),
        leverage=decimal(row, "leverage"),
    )


def wallet(result: Row, coin: str, read_at: datetime) -> Wallet:
    """Every balance from the result of wallet-balance.

    :param coin: the one that contracts are settled in.
    :raises DataError: the account does not hold it, or a number is missing.
    """
    held = {
        text(entry, "coin"): Balance(
            equity=decimal(entry, "equity"),
            balance=decimal(entry, "walletBalance"),
            available=_available(account, entry, coin),
            unrealised_pnl=decimal(entry, "unrealisedPnl"),
        )
        for account in rows(result, "list")
        for entry in rows(account, "coin")
    }
    if coin not in held:
        raise DataError(f"bybit reports no {coin} balance; transfer {coin} to the unified account")
    return Wallet(held, read_at)


def _available(account: Row, entry: Row, coin: str) -> Decimal:
    """Of the settlement coin what all collateral together frees; of another what nothing holds."""
    if text(entry, "coin") == coin and text(account, "totalAvailableBalance"):
        return decimal(account, "totalAvailableBalance")
    # isolated margin leaves the total empty; there a coin's free part is what no order or position holds
    held = decimal(entry, "totalPositionIM") + decimal(entry, "totalOrderIM") + decimal(entry, "locked")
    return decimal(entry, "walletBalance") - held

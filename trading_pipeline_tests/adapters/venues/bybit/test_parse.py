"""Venue payloads to domain values."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_pipeline.adapters.venues.bybit import parse
from trading_pipeline.adapters.venues.bybit.payload import Row, plain
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.fills import FillKind
from trading_pipeline.domain.model.orders import IntentState, Side
from trading_pipeline.domain.model.timeframes import Timeframe, to_ms

ORDER: dict[str, object] = {
    "orderId": "o-1",
    "orderLinkId": "plan_E",
    "symbol": "BTCUSDT",
    "side": "Buy",
    "orderStatus": "New",
    "qty": "0.010",
    "cumExecQty": "0",
    "avgPrice": "",
    "reduceOnly": False,
    "rejectReason": "EC_NoError",
    "cancelType": "UNKNOWN",
    "stopOrderType": "",
    "updatedTime": "1748779200123",
}
EXECUTION: dict[str, object] = {
    "execId": "e-1",
    "orderId": "o-1",
    "orderLinkId": "plan_E",
    "symbol": "BTCUSDT",
    "side": "Sell",
    "execQty": "0.004",
    "execPrice": "100000.5",
    "execFee": "0.22",
    "isMaker": False,
    "execType": "Trade",
    "execTime": "1748779200123",
    "orderQty": "0.010",
    "leavesQty": "0.006",
}
POSITION: dict[str, object] = {
    "symbol": "BTCUSDT",
    "side": "Sell",
    "size": "0.01",
    "avgPrice": "100000",
    "stopLoss": "101000",
    "unrealisedPnl": "-1.5",
    "leverage": "5",
}


def documented(samples: Path, name: str) -> Row:
    answers: dict[str, Row] = json.loads((samples / "bybit_answers.json").read_text())
    return answers[name]


@pytest.mark.parametrize(
    ("status", "filled", "state"),
    [
        ("New", "0", IntentState.ACKNOWLEDGED),
        ("Untriggered", "0", IntentState.ACKNOWLEDGED),
        ("PartiallyFilled", "0.004", IntentState.PARTIALLY_FILLED),
        ("Filled", "0.010", IntentState.FILLED),
        ("Cancelled", "0.004", IntentState.CANCELLED),
        ("Rejected", "0", IntentState.REJECTED),
        ("Deactivated", "0", IntentState.CANCELLED),
        ("Teleported", "0", IntentState.ACKNOWLEDGED),
        ("Teleported", "0.004", IntentState.PARTIALLY_FILLED),
        ("Teleported", "0.010", IntentState.FILLED),
    ],
)
def test_an_order_status_becomes_a_state(status: str, filled: str, state: IntentState) -> None:
    assert parse.order_report({**ORDER, "orderStatus": status, "cumExecQty": filled}).state is state


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, ""),
        ({"rejectReason": "EC_NoEnoughQtyToFill"}, "EC_NoEnoughQtyToFill"),
        ({"cancelType": "CancelByUser"}, "CancelByUser"),
        ({"orderStatus": "Teleported"}, "status 'Teleported' is not known here"),
    ],
)
def test_the_reason_of_a_report_is_what_the_venue_says(fields: dict[str, object], reason: str) -> None:
    assert parse.order_report({**ORDER, **fields}).reason == reason


def test_an_order_without_fills_has_no_average_price() -> None:
    report = parse.order_report(ORDER)
    assert (report.average_price, report.quantity, report.side) == (None, Decimal("0.010"), Side.BUY)
    assert report.updated_at == datetime(2025, 6, 1, 12, 0, 0, 123_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, FillKind.TRADE),
        ({"createType": "CreateByUser", "stopOrderType": "UNKNOWN"}, FillKind.TRADE),
        ({"createType": "CreateByStopLoss"}, FillKind.STOP_LOSS),
        ({"stopOrderType": "StopLoss"}, FillKind.STOP_LOSS),
        ({"stopOrderType": "PartialStopLoss"}, FillKind.STOP_LOSS),
        ({"createType": "CreateByTrailingStop"}, FillKind.STOP_LOSS),
        ({"stopOrderType": "TakeProfit"}, FillKind.TAKE_PROFIT),
        ({"createType": "CreateByLiq"}, FillKind.VENUE),
        ({"createType": "CreateByTeleport"}, FillKind.VENUE),
        ({"execType": "Funding"}, FillKind.FUNDING),
        ({"execType": "BustTrade"}, FillKind.VENUE),
        ({"execType": "AdlTrade"}, FillKind.VENUE),
        ({"execType": "CorporateAction"}, FillKind.VENUE),
        ({"execType": ""}, FillKind.VENUE),
    ],
)
def test_the_cause_of_a_fill_is_recognised(fields: dict[str, object], kind: FillKind) -> None:
    assert parse.fill({**EXECUTION, **fields}).kind is kind


@pytest.mark.parametrize("name", ["execQty", "execPrice", "execFee", "execTime", "side"])
@pytest.mark.parametrize("value", [None, "", "many", "NaN", "Infinity"])
def test_missing_money_is_an_error_and_never_a_zero(name: str, value: object) -> None:
    with pytest.raises(DataError, match=name):
        parse.fill({**EXECUTION, name: value})


def test_executions_of_one_instant_keep_the_venues_order() -> None:
    told = [parse.fill({**EXECUTION, "seq": count}).sequence for count in (4688002127, "4688002128", None)]
    assert told == [4688002127, 4688002128, 0]


def test_an_order_known_from_its_executions_adds_them_up() -> None:
    later = {**EXECUTION, "execQty": "0.006", "execPrice": "100001", "leavesQty": "0", "execTime": "1748779200124"}
    report = parse.report_from_fills([later, EXECUTION])
    assert (report.state, report.filled_quantity) == (IntentState.FILLED, Decimal("0.010"))
    assert report.average_price == Decimal("100000.8")
    assert parse.report_from_fills([EXECUTION]).state is IntentState.PARTIALLY_FILLED


def test_a_flat_row_is_no_position() -> None:
    assert parse.position({**POSITION, "size": "0", "side": "", "leverage": ""}) is None


@pytest.mark.parametrize(("stop", "expected"), [("101000", Decimal(101000)), ("", None), ("0", None), ("0.00", None)])
def test_a_stop_of_zero_is_no_stop(stop: str, expected: Decimal | None) -> None:
    position = parse.position({**POSITION, "stopLoss": stop})
    assert position is not None
    assert position.stop_loss == expected


def test_documented_orders_and_executions_can_be_read(samples: Path) -> None:
    assert parse.order_report(documented(samples, "order")).quantity == Decimal("0.10")
    assert parse.fill(documented(samples, "execution")).fee == Decimal("26.3725275")


def test_a_documented_pushed_kline_can_be_read(samples: Path) -> None:
    bar = parse.pushed_kline("BTCUSDT", documented(samples, "pushed_kline"))
    assert (bar.timeframe, to_ms(bar.close_time)) == (Timeframe.M5, 1672325100000)
    assert bar.low == Decimal(16608)


@pytest.mark.parametrize("row", [[], ["1", "2"], "text", None, ["x", "1", "1", "1", "1", "1", "1"]])
def test_a_kline_row_of_another_shape_is_refused(row: object) -> None:
    with pytest.raises(DataError):
        parse.kline("BTCUSDT", Timeframe.H1, row)


def test_isolated_margin_leaves_what_no_order_or_position_holds() -> None:
    coin = {"coin": "USDT", "equity": "90", "walletBalance": "100", "unrealisedPnl": "-10"}
    held = {"totalPositionIM": "20", "totalOrderIM": "5", "locked": "1"}
    account = {"totalAvailableBalance": "", "coin": [{**coin, **held}, {**coin, **held, "coin": "BTC"}]}
    read_at = datetime(2025, 6, 1, tzinfo=UTC)
    assert available(account, read_at) == {"USDT": Decimal(74), "BTC": Decimal(74)}
    account["totalAvailableBalance"] = "80"
    assert available(account, read_at) == {"USDT": Decimal(80), "BTC": Decimal(74)}


def available(account: dict[str, object], read_at: datetime) -> dict[str, Decimal]:
    """What is free of every coin of an account."""
    wallet = parse.wallet({"list": [account]}, "USDT", read_at)
    return {currency: held.available for currency, held in wallet.balances.items()}


def test_a_wallet_without_usdt_is_an_error_with_a_way_out() -> None:
    with pytest.raises(DataError, match="transfer USDT"):
        parse.wallet({"list": [{"coin": []}]}, "USDT", datetime(2025, 6, 1, tzinfo=UTC))


@given(st.decimals(min_value=Decimal("1e-10"), max_value=Decimal("1e12"), places=10))
def test_numbers_are_sent_without_exponent_and_unchanged(number: Decimal) -> None:
    assert "E" not in plain(number)
    assert Decimal(plain(number)) == number


@pytest.mark.parametrize(("number", "text"), [("1E+3", "1000"), ("0.0100", "0.01"), ("1E-8", "0.00000001")])
def test_numbers_are_sent_plainly(number: str, text: str) -> None:
    assert plain(Decimal(number)) == text


def test_the_documented_book_is_read_with_its_time(samples: Path) -> None:
    book = parse.order_book(documented(samples, "order_book"))
    assert (book.instrument_id, to_ms(book.at)) == ("BTCUSDT.BYBIT", 1716863719031)
    assert book.bids == ((Decimal("65485.47"), Decimal("47.081829")),)
    assert book.asks == ((Decimal("65557.7"), Decimal("16.606555")),)


@pytest.mark.parametrize("level", [["1"], ["1", "2", "3"], ["one", "2"], "1@2", None])
def test_a_level_of_another_shape_is_refused(level: object) -> None:
    with pytest.raises(DataError):
        parse.order_book({"s": "BTCUSDT", "ts": 1, "b": [level], "a": []})


def test_the_documented_ticker_tells_the_next_funding(samples: Path) -> None:
    assert to_ms(parse.next_funding(documented(samples, "tickers"))) == 1760371200000


@pytest.mark.parametrize("tickers", [[], [{}], [{"nextFundingTime": ""}], [{"nextFundingTime": "1"}] * 2])
def test_a_funding_time_that_was_not_told_is_refused(tickers: list[dict[str, str]]) -> None:
    with pytest.raises(DataError):
        parse.next_funding({"list": tickers})

"""Pages of orders, executions and closed positions as a client reads them, through the routes that answer it."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.exchange_simulator.authentication import credentials_for
from trading_pipeline.exchange_simulator.clock import LockStepClock
from trading_pipeline.exchange_simulator.exchange import Payload
from trading_pipeline.exchange_simulator.order_entry import create
from trading_pipeline.exchange_simulator.parameters import Parameters
from trading_pipeline.exchange_simulator.rejections import Rejection
from trading_pipeline.exchange_simulator.routes import orders, positions
from trading_pipeline.exchange_simulator.routes.market import instruments
from trading_pipeline.exchange_simulator.routes.transaction_log import transaction_log
from trading_pipeline.exchange_simulator.venue import Venue
from trading_pipeline_tests.exchange_simulator.builders import FLAT, START, Ohlc, an_exchange, order, walk

BTC = {"category": "linear", "symbol": "BTCUSDT"}
Route = Callable[[Venue, Parameters], Payload]


def a_venue(*bars: Ohlc, **terms: object) -> Venue:
    exchange = an_exchange(*bars, **terms)  # type: ignore[arg-type]
    return Venue(exchange, LockStepClock(START, Timeframe.M5), credentials_for("test"))


def rows(venue: Venue, route: Route, **request: object) -> list[dict[str, str]]:
    return route(venue, BTC | request)["list"]  # type: ignore[return-value]


def test_closed_pnl_is_what_the_wallet_has_gained() -> None:
    """Entry at 100 in two orders, half closed at 110, the rest at 120; every figure counted by hand."""
    venue = a_venue((110, 110, 110, 110), (120, 120, 120, 120), fees=(Decimal("0.0002"), Decimal("0.001")))
    exchange = venue.exchange
    before = exchange.account.wallet
    order(exchange, "Buy", "1")
    order(exchange, "Buy", "1")
    walk(exchange)
    order(exchange, "Sell", "1", reduceOnly="true")
    walk(exchange)
    order(exchange, "Sell", "1", reduceOnly="true")
    last, first = rows(venue, positions.closed_pnl)
    assert (first["openFee"], first["closeFee"], first["closedPnl"]) == ("0.1", "0.11", "9.79")
    assert (last["openFee"], last["closeFee"], last["closedPnl"]) == ("0.1", "0.12", "19.78")
    assert (first["avgEntryPrice"], first["avgExitPrice"], first["fillCount"]) == ("100", "110", "1")
    assert exchange.account.wallet - before == Decimal("9.79") + Decimal("19.78")


def test_an_order_that_turns_a_position_has_closed_with_its_share_of_the_fee() -> None:
    venue = a_venue(FLAT, fees=(Decimal(0), Decimal("0.001")))
    order(venue.exchange, "Sell", "1")
    order(venue.exchange, "Buy", "3")
    [row] = rows(venue, positions.closed_pnl)
    assert (row["closedSize"], row["openFee"], row["closeFee"], row["closedPnl"]) == ("1", "0.1", "0.1", "-0.2")
    assert venue.exchange.positions["BTCUSDT"].open_fees == Decimal("0.2")


def test_stream_and_list_tell_the_same_closed_pnl() -> None:
    venue = a_venue(FLAT)
    order(venue.exchange, "Buy", "1")
    venue.exchange.take_pushes()
    order(venue.exchange, "Sell", "1", reduceOnly="true")
    [pushed] = [push.data for push in venue.exchange.take_pushes() if push.topic == "order"]
    [row] = rows(venue, positions.closed_pnl)
    assert pushed["closedPnl"] == row["closedPnl"] == "-0.11"


@pytest.mark.parametrize(
    ("begins", "ends", "found"),
    [(None, None, 1), (0, None, 1), (None, 0, 1), (0, 0, 1), (1, None, 0), (None, -1, 0), (-10, -1, 0)],
)
def test_closed_pnl_is_of_the_period_asked_for(begins: int | None, ends: int | None, found: int) -> None:
    venue = a_venue(FLAT)
    order(venue.exchange, "Buy", "1")
    order(venue.exchange, "Sell", "1", reduceOnly="true")
    at_ms = venue.exchange.now_ms
    asked = {"startTime": begins, "endTime": ends}
    request = {name: at_ms + offset for name, offset in asked.items() if offset is not None}
    assert len(rows(venue, positions.closed_pnl, **request)) == found


def test_more_than_seven_days_are_refused() -> None:
    venue = a_venue(FLAT)
    week_ms = timedelta(days=7) // timedelta(milliseconds=1)
    with pytest.raises(Rejection) as caught:
        positions.closed_pnl(venue, BTC | {"startTime": 0, "endTime": week_ms + 1})
    assert caught.value.code == 10001


LISTS: list[tuple[Route, dict[str, object]]] = [
    (orders.executions, {}),
    (orders.history, {}),
    (orders.realtime, {"openOnly": 1}),
    (positions.closed_pnl, {}),
]


@pytest.mark.parametrize(("route", "request_"), LISTS, ids=["executions", "history", "realtime", "closed_pnl"])
@given(arrivals=st.lists(st.integers(0, 3), min_size=4, max_size=4), limit=st.integers(1, 4))
def test_rows_that_arrive_between_pages_repeat_none_and_lose_none(
    route: Route, request_: dict[str, object], arrivals: list[int], limit: int
) -> None:
    venue = a_venue(FLAT)

    def round_trip() -> None:
        order(venue.exchange, "Buy", "0.1")
        order(venue.exchange, "Sell", "0.1", reduceOnly="true")

    for _ in range(4):
        round_trip()
    key = "execId" if route is orders.executions else "orderId"
    expected = [row[key] for row in rows(venue, route, **request_)]
    read: list[str] = []
    answer = route(venue, BTC | request_ | {"limit": limit})
    for count in [*arrivals, *[0] * 8]:
        read += [row[key] for row in answer["list"]]  # type: ignore[union-attr]
        if not answer["nextPageCursor"]:
            break
        for _ in range(count):
            round_trip()
        answer = route(venue, BTC | request_ | {"limit": limit, "cursor": answer["nextPageCursor"]})
    assert read == expected


def test_open_positions_are_paged() -> None:
    venue = a_venue(FLAT, symbols=("ADAUSDT", "BTCUSDT", "SOLUSDT"))
    for symbol in ("SOLUSDT", "ADAUSDT", "BTCUSDT"):
        order(venue.exchange, "Buy", "0.1", symbol=symbol)
    request = {"category": "linear", "settleCoin": "USDT", "limit": 2}
    first = positions.positions(venue, request)
    second = positions.positions(venue, request | {"cursor": first["nextPageCursor"]})
    seen = [row["symbol"] for row in [*first["list"], *second["list"]]]  # type: ignore[misc]
    assert seen == ["ADAUSDT", "BTCUSDT", "SOLUSDT"]
    assert second["nextPageCursor"] == ""


COINS = [
    ({"baseCoin": "SOL"}, ["SOLUSDT"]),
    ({"settleCoin": "USDT"}, ["SOLUSDT", "BTCUSDT"]),
    ({"settleCoin": "USDC"}, []),
    ({"baseCoin": "SOL", "symbol": "BTCUSDT"}, ["BTCUSDT"]),
]


def a_venue_of_two_coins(quantity: str, **rest: str) -> Venue:
    """An order of the same kind in each of two contracts."""
    venue = a_venue(FLAT, symbols=("BTCUSDT", "SOLUSDT"))
    for symbol in venue.exchange.markets:
        kind = "Limit" if "price" in rest else "Market"
        create(venue.exchange, BTC | {"symbol": symbol, "side": "Buy", "qty": quantity, "orderType": kind} | rest)
    return venue


@pytest.mark.parametrize(("coin", "symbols"), COINS)
def test_lists_of_a_coin_hold_that_coin_alone(coin: dict[str, str], symbols: list[str]) -> None:
    venue, request = a_venue_of_two_coins("1"), {"category": "linear"} | coin
    for route in (orders.history, orders.executions, transaction_log, instruments):
        assert sorted(row["symbol"] for row in route(venue, request)["list"]) == sorted(symbols), route


@pytest.mark.parametrize(("coin", "symbols"), COINS)
def test_cancelling_a_coins_orders_leaves_those_of_other_coins(coin: dict[str, str], symbols: list[str]) -> None:
    venue, request = a_venue_of_two_coins("1", price="99"), {"category": "linear"} | coin
    asked_for = orders.realtime(venue, request)["list"]
    assert [row["symbol"] for row in asked_for] == symbols
    orders.cancel_all(venue, request)
    left = {one.terms.symbol for one in venue.exchange.orders.active()}
    assert left == {"BTCUSDT", "SOLUSDT"} - set(symbols)

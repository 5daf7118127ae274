from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_pipeline.exchange_simulator.exchange import Exchange
from trading_pipeline.exchange_simulator.order_entry import create
from trading_pipeline.exchange_simulator.payloads.positions import position_payload
from trading_pipeline.exchange_simulator.position_changes import set_trading_stop
from trading_pipeline.exchange_simulator.rejections import Rejection
from trading_pipeline.exchange_simulator.walking import advance
from trading_pipeline_tests.exchange_simulator.builders import FLAT, STEP_MS, Ohlc, an_exchange, order, told, walk

BTC = {"category": "linear", "symbol": "BTCUSDT"}


def trailing(side: str, *bars: Ohlc, **levels: str) -> Exchange:
    exchange = an_exchange(*bars)
    order(exchange, side, "1")
    set_trading_stop(exchange, BTC | levels)
    return exchange


@pytest.mark.parametrize(
    ("side", "bar", "levels", "exits"),
    [
        # Up to 110, then down: closed 3 below the top.
        ("Buy", (100, 110, 100, 101), {"trailingStop": "3"}, [("Sell", 107)]),
        # Never 3 below the best price so far.
        ("Buy", (100, 110, 108, 109), {"trailingStop": "3"}, []),
        ("Sell", (100, 100, 90, 99), {"trailingStop": "3"}, [("Buy", 93)]),
        # It begins to follow at 104 only: the way down to 96 before that closes nothing.
        ("Buy", (100, 105, 96, 104.5), {"trailingStop": "3", "activePrice": "104"}, [("Sell", 102)]),
        ("Buy", (100, 103.9, 90, 103), {"trailingStop": "3", "activePrice": "104"}, []),
        ("Sell", (100, 104, 95, 99), {"trailingStop": "3", "activePrice": "96"}, [("Buy", 98)]),
    ],
)
def test_a_trailing_stop_closes_its_distance_behind_the_best_price(
    side: str, bar: Ohlc, levels: dict[str, str], exits: list[tuple[str, int]]
) -> None:
    exchange = trailing(side, bar, **levels)
    assert [(who, price) for who, _, price in told(walk(exchange))] == exits


def test_a_jump_over_the_trigger_fills_at_the_open() -> None:
    exchange = trailing("Buy", (100, 110, 108, 109), (104, 105, 104, 105), trailingStop="3")
    walk(exchange)
    assert [price for _, _, price in told(walk(exchange))] == [Decimal(104)]


@given(st.lists(st.integers(1, STEP_MS), min_size=0, max_size=8))
def test_what_a_trailing_stop_does_is_the_same_however_time_goes_on(steps: list[int]) -> None:
    bars = [(100.0, 101.3, 99.0, 101.0), (101.0, 107.9, 100.4, 103.3), (103.3, 104.0, 99.0, 99.5)]
    whole, parts = (trailing("Buy", *bars, trailingStop="4.5") for _ in range(2))
    end = whole.now_ms + len(bars) * STEP_MS
    advance(whole, end)
    for step in steps:
        advance(parts, min(end, parts.now_ms + step))
    advance(parts, end)
    assert told(whole.executions) == told(parts.executions)
    assert len(whole.executions) == 2


def test_position_and_order_tell_about_the_trailing_stop_until_it_is_removed() -> None:
    exchange = trailing("Buy", FLAT, trailingStop="3")
    position = exchange.positions["BTCUSDT"]
    assert position_payload(exchange, position)["trailingStop"] == "3"
    [stop] = exchange.orders.active()
    assert (stop.terms.stop_order_type, stop.terms.create_type) == ("TrailingStop", "CreateByTrailingStop")
    set_trading_stop(exchange, BTC | {"trailingStop": "0"})
    assert (exchange.orders.active(), position.trailing_stop) == ([], None)


def test_trailing_stop_is_gone_with_the_position_and_grows_with_it() -> None:
    exchange = trailing("Buy", FLAT, trailingStop="3")
    order(exchange, "Buy", "2")
    assert [one.terms.quantity for one in exchange.orders.active()] == [3]
    order(exchange, "Sell", "3", reduceOnly="true")
    assert exchange.orders.active() == []
    assert exchange.positions["BTCUSDT"].trailing_stop is None


@pytest.mark.parametrize(
    ("levels", "code"),
    [
        ({"trailingStop": "3"}, 34040),
        ({"trailingStop": "0.05"}, 10001),
        ({"trailingStop": "-1"}, 10001),
        ({"trailingStop": "2", "activePrice": "100"}, 10001),
        ({"trailingStop": "2", "activePrice": "99"}, 10001),
    ],
)
def test_trailing_stops_off_the_tick_or_behind_the_price_are_refused(levels: dict[str, str], code: int) -> None:
    exchange = trailing("Buy", FLAT, trailingStop="3")
    with pytest.raises(Rejection) as caught:
        set_trading_stop(exchange, BTC | levels)
    assert caught.value.code == code


SELL_STOP = BTC | {"side": "Sell", "orderType": "Market", "qty": "1", "reduceOnly": "true", "triggerDirection": "2"}


def test_own_conditional_exit_outlives_the_position_and_closes_the_next_one() -> None:
    exchange = an_exchange((100, 100, 94, 95))
    order(exchange, "Buy", "1")
    own = create(exchange, SELL_STOP | {"triggerPrice": "95"})
    order(exchange, "Sell", "1", reduceOnly="true")
    assert own.conditional
    order(exchange, "Buy", "1")
    assert told(walk(exchange)) == [("Sell", Decimal(1), Decimal(95))]


def test_own_conditional_exit_without_a_position_is_cancelled_when_it_triggers() -> None:
    exchange = an_exchange((100, 100, 94, 95))
    own = create(exchange, SELL_STOP | {"triggerPrice": "95"})
    assert walk(exchange) == []
    assert (own.status.value, own.cancel_type) == ("Cancelled", "CancelByReduceOnly")

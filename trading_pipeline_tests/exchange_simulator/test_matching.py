from decimal import Decimal

import pytest

from trading_pipeline.exchange_simulator.exchange import Exchange
from trading_pipeline.exchange_simulator.liquidity import market_price
from trading_pipeline.exchange_simulator.orders import Status
from trading_pipeline_tests.exchange_simulator.builders import FLAT, Ohlc, an_exchange, order, told, walk

ONE = Decimal("1")


def a_long(*bars: Ohlc, **levels: object) -> Exchange:
    exchange = an_exchange(*bars)
    order(exchange, "Buy", "1", **levels)
    return exchange


@pytest.mark.parametrize(
    ("bar", "exit_price"),
    [
        ((100, 110, 90, 105), "105"),
        ((100, 110, 90, 95), "95"),
        ((100, 102, 94, 101), "95"),
        ((100, 106, 96, 97), "105"),
        ((93, 94, 90, 92), "93"),
        ((107, 108, 106, 108), "107"),
        ((95, 96, 94, 96), "95"),
    ],
    ids=[
        "up bar meets the target first",
        "down bar meets the stop first",
        "up bar meets only the stop",
        "down bar meets only the target",
        "gap through the stop fills at the open",
        "gap through the target fills at the open",
        "open exactly on the stop fills there",
    ],
)
def test_position_with_stop_and_target_leaves_where_the_path_says(bar: Ohlc, exit_price: str) -> None:
    exchange = a_long(bar, stopLoss=95, takeProfit=105)
    assert told(walk(exchange)) == [("Sell", ONE, Decimal(exit_price))]
    assert exchange.positions["BTCUSDT"].flat
    assert exchange.orders.active() == []


@pytest.mark.parametrize(
    ("bar", "exit_price"),
    [((100, 110, 90, 105), "105"), ((100, 110, 90, 95), "95"), ((108, 109, 100, 101), "108")],
)
def test_short_position_mirrors_the_long_one(bar: Ohlc, exit_price: str) -> None:
    exchange = an_exchange(bar)
    order(exchange, "Sell", "1", stopLoss=105, takeProfit=95)
    assert told(walk(exchange)) == [("Buy", ONE, Decimal(exit_price))]


@pytest.mark.parametrize(
    ("bar", "fills"),
    [
        ((100, 101, 96.5, 100.5), [("Buy", ONE, Decimal(97))]),
        ((100, 101, 94, 100.5), [("Buy", ONE, Decimal(97)), ("Sell", ONE, Decimal(96))]),
        ((96.5, 99, 96.2, 98), [("Buy", ONE, Decimal("96.5"))]),
        ((100, 101, 97.1, 100.5), []),
    ],
    ids=[
        "touched limit fills at its price",
        "stop of an entry works in the same leg",
        "jumped-over limit fills at the better open",
        "missed by a tick stays",
    ],
)
def test_resting_entry_with_attached_stop(bar: Ohlc, fills: list[tuple[str, Decimal, Decimal]]) -> None:
    exchange = an_exchange(bar)
    order(exchange, "Buy", "1", price=97, stopLoss=96)
    assert told(walk(exchange)) == fills


@pytest.mark.parametrize(
    ("bar", "price"),
    [((100, 104, 99, 101), "103"), ((105, 106, 104, 105), "105")],
    ids=["inside a leg at the trigger", "after a gap at the open"],
)
def test_conditional_market_order_wakes_up_when_the_price_rises_to_it(bar: Ohlc, price: str) -> None:
    exchange = an_exchange(bar)
    waiting = order(exchange, "Buy", "1", triggerPrice=103, triggerDirection=1)
    assert waiting.status is Status.UNTRIGGERED
    assert told(walk(exchange)) == [("Buy", ONE, Decimal(price))]


def test_conditional_limit_order_rests_after_its_trigger_and_fills_later() -> None:
    exchange = an_exchange((102.5, 104, 102.5, 104), (104, 104, 101, 101))
    waiting = order(exchange, "Buy", "1", price=102, triggerPrice=103, triggerDirection=1)
    assert walk(exchange) == []
    assert waiting.status is Status.NEW
    assert told(walk(exchange)) == [("Buy", ONE, Decimal(102))]


@pytest.mark.parametrize(
    ("terms", "status", "reason"),
    [
        ({"price": 101, "timeInForce": "PostOnly"}, Status.CANCELLED, "EC_PostOnlyWillTakeLiquidity"),
        ({"price": 99, "timeInForce": "PostOnly"}, Status.NEW, "EC_NoError"),
        ({"price": 99, "timeInForce": "IOC"}, Status.CANCELLED, "EC_NoImmediateQtyToFill"),
        ({"price": 99, "timeInForce": "FOK"}, Status.CANCELLED, "EC_CancelForNoFullFill"),
        ({"price": 101, "timeInForce": "GTC"}, Status.FILLED, "EC_NoError"),
        ({"price": 99, "timeInForce": "GTC"}, Status.NEW, "EC_NoError"),
    ],
)
def test_time_in_force_decides_what_a_limit_order_becomes(
    terms: dict[str, object], status: Status, reason: str
) -> None:
    placed = order(an_exchange(FLAT), "Buy", "1", **terms)
    assert (placed.status, placed.reject_reason) == (status, reason)


def test_marketable_limit_takes_at_the_last_price_and_pays_the_taker_fee() -> None:
    exchange = an_exchange(FLAT)
    order(exchange, "Buy", "1", price=101)
    [execution] = exchange.executions
    assert (execution.price, execution.fee, execution.is_maker) == (Decimal(100), Decimal("0.055"), False)


def test_resting_limit_pays_the_maker_fee_at_the_instant_the_price_arrives() -> None:
    exchange = an_exchange((100, 103, 97, 101))
    began = exchange.now_ms
    order(exchange, "Sell", "1", price=102)
    [execution] = walk(exchange)
    assert (execution.fee, execution.is_maker) == (Decimal("0.0204"), True)
    assert execution.at_ms - began == 100_000 * 2 // 3


def test_two_targets_fill_in_order_and_the_stop_shrinks_with_the_position() -> None:
    exchange = a_long((100, 103.5, 100, 103), stopLoss=95)
    for qty, price in (("0.4", 102), ("0.4", 103)):
        order(exchange, "Sell", qty, price=price, reduceOnly="true")
    assert [price for _, _, price in told(walk(exchange))] == [Decimal(102), Decimal(103)]
    stop = exchange.positions["BTCUSDT"].stop_loss
    assert stop is not None
    assert stop.terms.quantity == Decimal("0.2")


def test_flat_position_takes_its_reduce_only_orders_along() -> None:
    exchange = a_long((100, 101, 94, 95), stopLoss=95)
    target = order(exchange, "Sell", "0.4", price=110, reduceOnly="true")
    walk(exchange)
    assert (target.status, target.cancel_type) == (Status.CANCELLED, "CancelByReduceOnly")


def test_reduce_only_order_closes_at_most_what_is_open() -> None:
    exchange = a_long((100, 103, 100, 102))
    target = order(exchange, "Sell", "3", price=102, reduceOnly="true")
    assert told(walk(exchange)) == [("Sell", ONE, Decimal(102))]
    assert exchange.positions["BTCUSDT"].flat
    assert target.status is Status.PARTIALLY_FILLED_CANCELLED


def test_opposite_order_turns_the_position_and_drops_its_stop() -> None:
    exchange = a_long(FLAT, stopLoss=95)
    order(exchange, "Sell", "3", stopLoss=110)
    position = exchange.positions["BTCUSDT"]
    assert (position.size, position.average_price) == (Decimal(-2), Decimal(100))
    assert position.stop_loss is not None
    assert position.stop_loss.terms.trigger_price == Decimal(110)
    assert len(exchange.orders.active()) == 1


def test_half_spread_makes_market_orders_dearer() -> None:
    exchange = an_exchange(FLAT, half_spread_ticks=2)
    order(exchange, "Buy", "1")
    order(exchange, "Sell", "1", reduceOnly="true")
    assert [e.price for e in exchange.executions] == [Decimal("100.2"), Decimal("99.8")]


@pytest.mark.parametrize(
    ("sign", "side", "last", "paid"),
    [(1, "Buy", "100", "100.1"), (-1, "Sell", "100", "99.9"), (1, "Buy", "200", "200.1"), (-1, "Sell", "0.1", "0.1")],
)
def test_slippage_of_5_bps_is_rounded_away_from_the_trader_to_the_tick(
    sign: int, side: str, last: str, paid: str
) -> None:
    """5 bps of 100 are 0.05, half a tick; of 200 a whole one; nothing is sold below a tick."""
    exchange = an_exchange(FLAT, slippage_bps=Decimal(5))
    exchange.markets["BTCUSDT"].last = Decimal(last)
    assert market_price(exchange, "BTCUSDT", sign, Decimal(1)) == Decimal(paid)


def test_stops_slip_and_limits_do_not() -> None:
    exchange = an_exchange((100, 104, 94, 101), slippage_bps=Decimal(20))  # 94.8 - 0.19, down to the tick
    order(exchange, "Buy", "1", stopLoss="94.8")
    order(exchange, "Sell", "0.4", price=103, reduceOnly="true")
    target, stop = sorted(walk(exchange), key=lambda one: one.quantity)
    assert (target.price, stop.price) == (Decimal(103), Decimal("94.6"))
    assert exchange.executions[0].price == Decimal("100.2")


def test_a_marketable_limit_never_pays_more_than_its_price() -> None:
    exchange = an_exchange(FLAT, slippage_bps=Decimal(100))
    order(exchange, "Buy", "1", price="100.1")
    assert [one.price for one in exchange.executions] == [Decimal(100)]


@pytest.mark.parametrize(("maker_fee", "paid"), [("0.001", "0.102"), ("-0.0001", "-0.0102")])
def test_the_fees_of_the_contract_are_charged_and_paid_out_below_zero(maker_fee: str, paid: str) -> None:
    exchange = an_exchange((100, 102, 100, 101), fees=(Decimal(maker_fee), Decimal("0.002")))
    order(exchange, "Buy", "1")
    order(exchange, "Sell", "1", price=102, reduceOnly="true")
    walk(exchange)
    assert [one.fee for one in exchange.executions] == [Decimal("0.2"), Decimal(paid)]


def test_account_without_margin_is_liquidated_by_the_venue() -> None:
    exchange = an_exchange((100, 100, 85, 86), balance=Decimal(120))
    order(exchange, "Buy", "10")
    [execution] = walk(exchange)
    assert execution.kind == "BustTrade"
    assert exchange.positions["BTCUSDT"].flat


def test_levels_of_two_symbols_are_met_in_order_of_time() -> None:
    exchange = an_exchange((100, 110, 100, 110), symbols=("BTCUSDT", "SOLUSDT"))
    order(exchange, "Sell", "1", price=108)
    order(exchange, "Sell", "1", price=102, symbol="SOLUSDT")
    executions = walk(exchange)
    assert [e.order.terms.symbol for e in executions] == ["SOLUSDT", "BTCUSDT"]
    assert executions[0].at_ms < executions[1].at_ms

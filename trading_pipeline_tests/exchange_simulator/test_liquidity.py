"""Orders under the realistic profile: spread, depth, and no more than was traded."""

from decimal import Decimal

import pytest

from trading_pipeline.exchange_simulator.book import best_prices, levels
from trading_pipeline.exchange_simulator.exchange import Exchange
from trading_pipeline.exchange_simulator.execution_profile import ExecutionProfile
from trading_pipeline.exchange_simulator.order_entry import create
from trading_pipeline.exchange_simulator.orders import Status
from trading_pipeline.exchange_simulator.rejections import Rejection
from trading_pipeline_tests.exchange_simulator.builders import FLAT, Ohlc, an_exchange, order, told, walk

CONDITIONAL = {"triggerPrice": "101", "triggerDirection": "1"}

# Every bar trades 10; an account may have a tenth of it, and a resting order a third of that on a leg.


def realistic(*bars: Ohlc, **terms: object) -> Exchange:
    return an_exchange(*bars, profile=ExecutionProfile.REALISTIC, **terms)


@pytest.mark.parametrize(("side", "sign"), [("Buy", 1), ("Sell", -1)])
def test_a_market_order_pays_the_spread_that_is_shown(side: str, sign: int) -> None:
    exchange = realistic(FLAT)
    best = best_prices(exchange.markets["BTCUSDT"], 0)[sign > 0]
    order(exchange, side, "0.1")
    assert told(exchange.executions) == [(side, Decimal("0.1"), best)]
    assert (best - 100) * sign == Decimal("0.1")


def test_a_larger_market_order_walks_the_levels_that_are_shown() -> None:
    exchange = realistic(FLAT)
    shown = list(levels(exchange.markets["BTCUSDT"], 1, exchange.now_ms, 0))
    beyond = Decimal("0.05")
    quantity = shown[0][1] + beyond
    assert shown[1][1] > beyond, "that would be a third level"
    order(exchange, "Buy", str(quantity))
    mean = (shown[0][0] * shown[0][1] + shown[1][0] * beyond) / quantity
    (filled,) = exchange.executions
    assert mean <= filled.price < mean + Decimal("0.1")


def test_a_market_order_goes_no_further_than_its_slippage_tolerance() -> None:
    exchange = realistic(FLAT)
    best, there = next(levels(exchange.markets["BTCUSDT"], 1, exchange.now_ms, 0))
    bounded = order(exchange, "Buy", "1", slippageToleranceType="Percent", slippageTolerance="0.05")
    assert told(exchange.executions) == [("Buy", there, best)]
    assert bounded.status is Status.PARTIALLY_FILLED_CANCELLED


@pytest.mark.parametrize(("side", "sign"), [("Buy", 1), ("Sell", -1)])
def test_a_tolerance_in_ticks_is_counted_from_the_best_price(side: str, sign: int) -> None:
    exchange = realistic(FLAT)
    best = best_prices(exchange.markets["BTCUSDT"], 0)[sign > 0]
    bounded = order(exchange, side, "0.1", slippageToleranceType="TickSize", slippageTolerance="3")
    assert bounded.terms.price == best + sign * Decimal("0.3")
    assert bounded.status is Status.FILLED


def test_the_book_may_have_gone_beyond_the_tolerance_when_the_order_arrives() -> None:
    exchange = realistic((102, 102, 102, 102), latency_ms=100)
    order(exchange, "Buy", "0.1", slippageToleranceType="TickSize", slippageTolerance="5")
    walk(exchange)
    (bounded,) = exchange.orders.newest_first()
    assert (bounded.filled, bounded.reject_reason) == (Decimal(0), "EC_NoImmediateQtyToFill")


@pytest.mark.parametrize("change", [{"slippageTolerance": "0"}, {"slippageToleranceType": "Bps"}, CONDITIONAL])
def test_a_tolerance_that_says_nothing_is_refused(change: dict[str, str]) -> None:
    bounded = {"slippageToleranceType": "Percent", "slippageTolerance": "1"} | change
    with pytest.raises(Rejection) as caught:
        order(realistic(FLAT), "Buy", "0.1", **bounded)
    assert caught.value.code == 10001


def test_an_entry_gets_a_tenth_of_the_bar_and_the_rest_is_cancelled() -> None:
    exchange = realistic(FLAT)
    made = order(exchange, "Buy", "3")
    assert (made.filled, made.status) == (Decimal(1), Status.PARTIALLY_FILLED_CANCELLED)
    again = order(exchange, "Buy", "1")
    assert (again.filled, again.status) == (Decimal(0), Status.CANCELLED)


def test_an_exit_may_have_all_that_is_left_of_the_bar() -> None:
    exchange = realistic(FLAT)
    order(exchange, "Buy", "1")
    out = order(exchange, "Sell", "1", reduceOnly=True)
    assert out.filled == 1


def test_a_price_that_only_touches_a_resting_order_fills_nothing_of_it() -> None:
    exchange = realistic((100, 101, 98, 100.5), FLAT)
    resting = order(exchange, "Buy", "0.5", price="98")
    walk(exchange, 2)
    assert (resting.filled, resting.status) == (Decimal(0), Status.NEW)


def test_a_resting_order_fills_in_parts_at_its_own_price_by_what_trades_beyond_it() -> None:
    # 100 to 90, to 110, to 91: below 95 lie half of the first leg, a quarter of the second, 4 of 19 of the third.
    exchange = realistic((100, 110, 90, 91), FLAT)
    resting = order(exchange, "Buy", "0.6", price="95")
    fills = told(walk(exchange))
    assert fills == [("Buy", Decimal(part), Decimal(95)) for part in ("0.166", "0.083", "0.070")]
    assert resting.status is Status.PARTIALLY_FILLED


def test_a_stop_slips_by_spread_and_depth() -> None:
    exchange = realistic((100, 100, 90, 91))
    order(exchange, "Buy", "0.5", stopLoss="95")
    (stopped,) = [one for one in walk(exchange) if one.order.terms.side == "Sell"]
    assert (stopped.quantity, stopped.price < Decimal("94.9")) == (Decimal("0.5"), True)


def test_all_or_nothing_is_nothing_where_the_market_gives_less() -> None:
    exchange = realistic(FLAT)
    made = order(exchange, "Buy", "3", price="104", timeInForce="FOK")
    assert (made.filled, made.status) == (Decimal(0), Status.CANCELLED)


def test_a_crossing_limit_takes_what_stands_within_its_price_and_rests_with_the_remainder() -> None:
    exchange = realistic(FLAT)
    (price, size), *_ = levels(exchange.markets["BTCUSDT"], 1, exchange.now_ms, 0)
    made = order(exchange, "Buy", str(size + 1), price=str(price))
    assert (made.filled, made.status) == (size, Status.PARTIALLY_FILLED)


def test_the_ideal_profile_gives_all_of_it_at_the_last_price() -> None:
    exchange = an_exchange(FLAT)
    create(exchange, {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Market", "qty": "50"})
    assert told(exchange.executions) == [("Buy", Decimal(50), Decimal(100))]

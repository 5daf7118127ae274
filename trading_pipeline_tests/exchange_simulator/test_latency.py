"""Requests about orders take their time to the market: what becomes of them is decided by the price of then."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.exchange_simulator.assembly import build
from trading_pipeline.exchange_simulator.configuration import Configuration
from trading_pipeline.exchange_simulator.exchange import Exchange, Execution
from trading_pipeline.exchange_simulator.execution_profile import ExecutionProfile
from trading_pipeline.exchange_simulator.latency import _delay_ms
from trading_pipeline.exchange_simulator.order_changes import amend, cancel, cancel_all
from trading_pipeline.exchange_simulator.orders import Order, Status
from trading_pipeline.exchange_simulator.position_changes import set_leverage, set_trading_stop
from trading_pipeline.exchange_simulator.rejections import Rejection
from trading_pipeline.exchange_simulator.venue import Stand
from trading_pipeline.exchange_simulator.walking import advance
from trading_pipeline_tests.exchange_simulator.builders import FLAT, STEP_MS, an_exchange, order
from trading_pipeline_tests.exchange_simulator.conftest import START

# Down to 90 in the first third of the bar, 100 s: a tick of 0.1 in a second.
BTC = {"category": "linear", "symbol": "BTCUSDT"}
FALLING = (100.0, 100.0, 90.0, 90.0)
MEAN_MS = 2_000


def distant(*bars: tuple[float, float, float, float], **terms: object) -> Exchange:
    return an_exchange(*bars, latency_ms=MEAN_MS, **terms)


def holding(*bars: tuple[float, float, float, float]) -> Exchange:
    """One BTC was bought, and half of the first bar is over."""
    exchange = distant(*bars)
    order(exchange, "Buy", "1")
    advance(exchange, exchange.now_ms + STEP_MS // 2)
    return exchange


def walked(exchange: Exchange) -> list[Execution]:
    """What was executed in the bar that comes next."""
    before = len(exchange.executions)
    advance(exchange, exchange.now_ms + STEP_MS)
    return exchange.executions[before:]


def named(made: Order, **changes: str) -> dict[str, str]:
    return {"category": "linear", "symbol": "BTCUSDT", "orderId": made.order_id, **changes}


def test_a_market_order_is_new_until_it_arrives_and_fills_at_the_price_of_then() -> None:
    exchange = distant(FALLING)
    bought = order(exchange, "Buy", "1")
    assert (bought.status, exchange.executions, exchange.take_pushes()) == (Status.NEW, [], [])
    [(arrives_ms, _)] = bought.on_the_way
    advance(exchange, arrives_ms - 1)
    assert exchange.executions == []
    advance(exchange, exchange.now_ms + 1)
    [fill] = exchange.executions
    market = exchange.markets["BTCUSDT"]
    assert (fill.at_ms, fill.price) == (arrives_ms, market.instrument.round_price(market.walk.price_at(arrives_ms)))
    assert fill.price < 100


def test_a_limit_does_not_rest_before_it_has_arrived() -> None:
    exchange = distant(FALLING)
    # The price is there after two seconds.
    made = order(exchange, "Buy", "1", price="99.8")
    made.on_the_way[0] = (exchange.now_ms + 30_000, made.on_the_way[0][1])
    advance(exchange, exchange.now_ms + 30_000)
    [fill] = exchange.executions
    # It crosses the market by now, and pays as who takes.
    assert (fill.price, fill.is_maker) == (Decimal(97), False)


def test_a_cancel_that_arrives_after_the_fill_changes_nothing() -> None:
    exchange = distant(FALLING)
    made = order(exchange, "Buy", "1", price="95")
    advance(exchange, made.on_the_way[0][0])
    assert (made.status, made.on_the_way) == (Status.NEW, [])
    cancel(exchange, named(made))
    made.on_the_way[0] = (exchange.now_ms + STEP_MS // 2, made.on_the_way[0][1])
    advance(exchange, exchange.now_ms + STEP_MS // 2)
    assert (made.status, made.average_price) == (Status.FILLED, 95)


def test_a_cancel_ends_the_order_when_it_arrives() -> None:
    exchange = distant(FLAT)
    made = order(exchange, "Buy", "1", price="95")
    cancel(exchange, named(made))
    # Sent at the same instant, and whatever its own delay it does not overtake the order.
    (entered_ms, _), (cancelled_ms, _) = made.on_the_way
    assert entered_ms <= cancelled_ms
    advance(exchange, cancelled_ms)
    assert (made.status, made.cancel_type, made.updated_ms) == (Status.CANCELLED, "CancelByUser", cancelled_ms)
    told = [push.data["orderStatus"] for push in exchange.take_pushes() if push.topic == "order"]
    assert told == ["New", "Cancelled"]


def test_new_terms_count_from_when_they_arrive_and_are_the_ones_to_be_changed_next() -> None:
    exchange = distant(FLAT)
    made = order(exchange, "Buy", "1", price="95")
    amend(exchange, named(made, price="96"))
    assert made.terms.price == 95
    with pytest.raises(Rejection, match="not modified"):
        amend(exchange, named(made, price="96"))
    amend(exchange, named(made, qty="2"))
    advance(exchange, exchange.now_ms + STEP_MS)
    assert (made.terms.price, made.terms.quantity, made.status) == (96, 2, Status.NEW)


def test_what_is_on_its_way_binds_margin() -> None:
    exchange = distant(FLAT)
    before = exchange.available()
    order(exchange, "Buy", "10")
    assert before - exchange.available() == 100


def test_stops_of_the_venue_trigger_without_delay() -> None:
    exchange = distant(FLAT, FALLING)
    order(exchange, "Buy", "1", stopLoss="95")
    advance(exchange, exchange.now_ms + 2 * STEP_MS)
    entry, stop = exchange.executions
    assert (entry.price, stop.price, stop.at_ms - entry.at_ms > STEP_MS // 2) == (100, 95, True)


def test_a_stop_of_the_position_is_there_when_it_has_arrived() -> None:
    exchange = holding(FLAT, FALLING)
    position = exchange.positions["BTCUSDT"]
    set_trading_stop(exchange, BTC | {"stopLoss": "95"})
    [(arrives_ms, _)] = exchange.account.on_the_way
    advance(exchange, arrives_ms - 1)
    assert position.stop_loss is None
    advance(exchange, arrives_ms)
    assert position.stop_loss is not None
    assert position.stop_loss.created_ms == arrives_ms
    assert exchange.account.on_the_way == []
    assert walked(exchange)[-1].price == 95


@pytest.mark.parametrize(("order_filter", "left"), [("", 1), ("StopOrder", 1), ("Order", 2)])
def test_cancelling_everything_takes_the_stop_that_was_on_its_way_and_not_the_one_asked_for_later(
    order_filter: str, left: int
) -> None:
    exchange = holding(FLAT)
    set_trading_stop(exchange, BTC | {"stopLoss": "95"})
    cancel_all(exchange, BTC | {"orderFilter": order_filter})
    set_trading_stop(exchange, BTC | {"takeProfit": "110"})
    walked(exchange)
    assert exchange.positions["BTCUSDT"].take_profit is not None
    assert len(exchange.orders.active()) == left


def test_a_level_that_the_price_has_passed_meanwhile_is_met_when_it_arrives() -> None:
    exchange = holding(FLAT, FALLING)
    advance(exchange, exchange.now_ms + STEP_MS // 2)
    set_trading_stop(exchange, BTC | {"stopLoss": "99.9"})
    late_ms = exchange.now_ms + 30_000
    exchange.account.on_the_way[0] = (late_ms, exchange.account.on_the_way[0][1])
    [stop] = walked(exchange)
    assert (stop.at_ms, stop.price, exchange.positions["BTCUSDT"].flat) == (late_ms, 97, True)


def test_a_stop_for_a_position_that_was_closed_meanwhile_changes_nothing() -> None:
    exchange = holding(FLAT, FLAT)
    order(exchange, "Sell", "1", reduceOnly="true")
    set_trading_stop(exchange, BTC | {"stopLoss": "95"})
    exchange.account.on_the_way[0] = (exchange.now_ms + STEP_MS // 2, exchange.account.on_the_way[0][1])
    walked(exchange)
    assert (exchange.positions["BTCUSDT"].stop_loss, exchange.account.on_the_way) == (None, [])


def test_orders_are_judged_by_the_leverage_that_is_on_its_way_and_do_not_overtake_it() -> None:
    exchange = distant(FLAT, FLAT)
    position = exchange.positions["BTCUSDT"]
    set_leverage(exchange, BTC | {"buyLeverage": "1", "sellLeverage": "1"})
    with pytest.raises(Rejection, match="not modified"):
        set_leverage(exchange, BTC | {"buyLeverage": "1", "sellLeverage": "1"})
    with pytest.raises(Rejection, match="ab not enough"):
        order(exchange, "Buy", "101")
    bought = order(exchange, "Buy", "50")
    [(levered_ms, _)] = exchange.account.on_the_way
    assert bought.on_the_way[0][0] >= levered_ms
    assert (position.leverage, exchange.available()) == (10, 5_000)
    advance(exchange, levered_ms)
    assert position.leverage == 1
    told = [push.data["leverage"] for push in exchange.take_pushes() if push.topic == "position"]
    assert told[0] == "1"


def test_of_two_ways_to_move_a_stop_the_later_one_wins() -> None:
    exchange = holding(FLAT, FLAT)
    set_trading_stop(exchange, BTC | {"stopLoss": "95"})
    advance(exchange, exchange.account.on_the_way[0][0])
    stop = exchange.positions["BTCUSDT"].stop_loss
    assert stop is not None
    for price in ("94", "93", "92", "91", "90"):
        amend(exchange, named(stop, triggerPrice=price))
        set_trading_stop(exchange, BTC | {"stopLoss": f"{price}.5"})
    walked(exchange)
    assert stop.terms.trigger_price == Decimal("90.5")


def test_a_changed_stop_that_was_accepted_arrives_though_the_exchange_is_restarted_meanwhile(tmp_path: Path) -> None:
    kept = Configuration(("BTCUSDT",), seed=7, start=START, lock_step=Timeframe.M15, state=tmp_path / "state.sqlite")
    venue = build(kept, "test")
    order(venue.exchange, "Buy", "0.01")
    while venue.step() is not Stand.CLOSE:
        continue
    stop = venue.exchange.markets["BTCUSDT"].instrument.round_price(venue.exchange.markets["BTCUSDT"].last / 2)
    set_trading_stop(venue.exchange, BTC | {"stopLoss": str(stop)})
    venue.keep_changes()
    venue.end()
    venue = build(kept, "another")
    venue.step()
    held = venue.exchange.positions["BTCUSDT"].stop_loss
    venue.end()
    assert held is not None
    assert held.terms.trigger_price == stop


def played(seed: int, step_ms: int = STEP_MS // 3) -> list[tuple[int, Decimal]]:
    exchange = distant(FALLING, FLAT, seed=seed, profile=ExecutionProfile.REALISTIC)
    for side in ("Buy", "Sell", "Buy"):
        order(exchange, side, "0.1")
        until_ms = exchange.now_ms + STEP_MS // 3
        while exchange.now_ms < until_ms:
            advance(exchange, min(until_ms, exchange.now_ms + step_ms))
    return [(one.at_ms, one.price) for one in exchange.executions]


def test_the_same_seed_and_requests_meet_the_same_market_and_another_seed_another() -> None:
    assert played(1) == played(1) != played(2)
    assert len(played(1)) == 3


@pytest.mark.parametrize("step_ms", [97, 1_000, 33_333])
def test_what_is_on_its_way_arrives_the_same_however_time_goes_on(step_ms: int) -> None:
    assert played(1, step_ms) == played(1)


def test_delays_are_at_least_half_of_the_mean_and_on_average_the_mean() -> None:
    drawn = [_delay_ms(30, 7, number) for number in range(2_000)]
    assert min(drawn) >= 15
    assert 29 < sum(drawn) / len(drawn) < 31


def test_an_accepted_order_arrives_though_the_exchange_is_restarted_meanwhile(tmp_path: Path) -> None:
    kept = Configuration(("BTCUSDT",), seed=7, start=START, lock_step=Timeframe.M15, state=tmp_path / "state.sqlite")

    def fills(*, restarted: bool) -> list[Execution]:
        venue = build(kept, "test")
        for made in (order(venue.exchange, "Buy", "0.01", price="30000"), order(venue.exchange, "Buy", "0.01")):
            amend(venue.exchange, named(made, qty="0.02"))
        venue.keep_changes()
        if restarted:
            venue.end()
            venue = build(kept, "another")
        venue.step()
        venue.end()
        kept.state.unlink()  # type: ignore[union-attr]
        return venue.exchange.executions

    def figures(executions: list[Execution]) -> list[tuple[int, Decimal, Decimal, str]]:
        return [(one.at_ms, one.quantity, one.price, one.execution_id) for one in executions]

    assert figures(fills(restarted=True)) == figures(fills(restarted=False)) != []


def test_at_wall_time_an_arrival_is_told_when_it_happens_and_not_with_the_next_question() -> None:
    venue = build(Configuration(("BTCUSDT",), seed=7, wall=True, latency_ms=50), "test")

    async def filled() -> Order:
        made = order(venue.exchange, "Buy", "0.01")
        venue.tell_soon()
        while made.active:
            await asyncio.sleep(0.01)
        return made

    assert asyncio.run(asyncio.wait_for(filled(), 10)).status is Status.FILLED
    assert venue.exchange.pushes == []

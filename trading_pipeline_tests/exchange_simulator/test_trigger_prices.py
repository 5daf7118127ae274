"""What a stop watches: the last price, or the mark or index price that parts from it."""

from decimal import Decimal
from functools import partial

import pytest

from trading_pipeline.exchange_simulator.exchange import Exchange
from trading_pipeline.exchange_simulator.order_entry import create
from trading_pipeline.exchange_simulator.rejections import Rejection
from trading_pipeline.exchange_simulator.walking import advance
from trading_pipeline_tests.exchange_simulator.builders import STEP_MS, Ohlc, an_exchange, order, told, walk

DOWN: Ohlc = (100.0, 100.0, 95.0, 95.0)
JUMP: Ohlc = (94.0, 94.0, 94.0, 94.0)


def by(distance: Decimal, _: int) -> Decimal:
    """The same distance at every instant."""
    return distance


def apart(*bars: Ohlc, mark: str = "-0.02", index: str = "0") -> Exchange:
    """Mark and index price lie so far from the last one, as a fraction of it."""
    exchange = an_exchange(*bars)
    exchange.markets["BTCUSDT"].basis = {"mark": partial(by, Decimal(mark)), "index": partial(by, Decimal(index))}
    return exchange


@pytest.mark.parametrize(
    ("trigger_by", "met_at"), [("LastPrice", "96.0"), ("MarkPrice", "98.0"), ("IndexPrice", "96.0")]
)
def test_a_stop_fires_where_the_price_it_watches_is_at_its_level(trigger_by: str, met_at: str) -> None:
    exchange = apart(DOWN)
    # Two percent below the last price the mark price is at 96.04 when the last one is at 98.
    order(exchange, "Buy", "1", stopLoss="96", slTriggerBy=trigger_by)
    [(_, _, price)] = told(walk(exchange))
    assert abs(price - Decimal(met_at)) <= Decimal("0.1")


def test_a_mark_price_above_holds_a_stop_that_the_last_price_has_passed() -> None:
    exchange = apart(DOWN, mark="0.03")
    order(exchange, "Buy", "1", stopLoss="97", slTriggerBy="MarkPrice")
    assert walk(exchange) == []
    assert exchange.markets["BTCUSDT"].last == 95


def test_after_a_jump_it_fires_at_the_open() -> None:
    exchange = apart((100.0, 100.0, 100.0, 100.0), JUMP, mark="0.01")
    order(exchange, "Buy", "1", stopLoss="95", slTriggerBy="MarkPrice")
    assert walk(exchange) == []
    assert told(walk(exchange)) == [("Sell", Decimal(1), Decimal(94))]


def test_a_trigger_is_judged_by_the_price_it_watches() -> None:
    exchange = apart(DOWN)
    request = {"category": "linear", "symbol": "BTCUSDT", "side": "Sell", "orderType": "Market", "qty": "1"}
    below = {**request, "triggerPrice": "99", "triggerDirection": "2"}
    with pytest.raises(Rejection, match="MarkPrice"):
        create(exchange, {**below, "triggerBy": "MarkPrice"})
    create(exchange, {**below, "triggerBy": "LastPrice"})


@pytest.mark.parametrize("parts", [1, 4, 7])
def test_how_often_the_walk_stands_changes_nothing(parts: int) -> None:
    exchange = an_exchange(DOWN, (95.0, 99.0, 94.0, 97.0))
    # Another distance every minute, as the model has it.
    exchange.markets["BTCUSDT"].basis = {"mark": lambda now_ms: Decimal(now_ms // 60_000 % 5 - 2) / 100}
    order(exchange, "Buy", "1", stopLoss="96", slTriggerBy="MarkPrice")
    begin = exchange.now_ms
    for number in range(1, 2 * parts + 1):
        advance(exchange, begin + STEP_MS * number // parts)
    whole = an_exchange(DOWN, (95.0, 99.0, 94.0, 97.0))
    whole.markets["BTCUSDT"].basis = exchange.markets["BTCUSDT"].basis
    order(whole, "Buy", "1", stopLoss="96", slTriggerBy="MarkPrice")
    walk(whole, 2)
    assert [(e.price, e.at_ms) for e in exchange.executions] == [(e.price, e.at_ms) for e in whole.executions]
    assert len(whole.executions) == 2

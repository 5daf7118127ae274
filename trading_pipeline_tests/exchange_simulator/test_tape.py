import json
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from trading_pipeline.exchange_simulator.exchange import Exchange
from trading_pipeline.exchange_simulator.hub import Connection, Hub
from trading_pipeline.exchange_simulator.intervals import INTERVALS
from trading_pipeline.exchange_simulator.market_feed import MarketFeed
from trading_pipeline.exchange_simulator.payloads.klines import forming_row
from trading_pipeline.exchange_simulator.tape import recent_trades
from trading_pipeline.exchange_simulator.walking import advance
from trading_pipeline_tests.exchange_simulator.builders import FLAT, STEP_MS, an_exchange

UP, DOWN = (100.0, 103.0, 99.0, 102.0), (102.0, 103.0, 99.0, 100.0)


def heard(exchange: Exchange, steps: list[int]) -> list[dict[str, str]]:
    """Entries of publicTrade while time goes on by so many milliseconds at a time."""
    hub, connection = Hub(), Connection()
    feed = MarketFeed(exchange, hub)
    hub.subscribe(connection, ["publicTrade.BTCUSDT"])
    for step in steps:
        advance(exchange, exchange.now_ms + step)
        feed.announce()
    messages = [json.loads(connection.outgoing.get_nowait()) for _ in range(connection.outgoing.qsize())]
    return [entry for message in messages for entry in message["data"]]


@given(st.lists(st.integers(1, STEP_MS), min_size=1, max_size=8))
def test_prints_add_up_to_the_volume_of_each_bar_however_time_goes_on(steps: list[int]) -> None:
    exchange = an_exchange(UP, DOWN, FLAT)
    begin, end = exchange.now_ms, exchange.now_ms + 3 * STEP_MS
    left = 3 * STEP_MS
    steps = [step for step in steps if (left := left - step) > 0]
    prints = heard(exchange, [*steps, 3 * STEP_MS - sum(steps)])
    sums = dict.fromkeys(range(begin, end, STEP_MS), Decimal(0))
    for one in prints:
        sums[int(one["T"]) - (int(one["T"]) - begin) % STEP_MS] += Decimal(one["v"])
    assert set(sums.values()) == {Decimal(10)}
    assert len({one["i"] for one in prints}) == len(prints) == 12


def test_volume_that_no_four_prints_can_share_is_printed_once() -> None:
    exchange = an_exchange(FLAT)
    exchange.markets["BTCUSDT"].walk.series.volume[:] = 3
    advance(exchange, exchange.now_ms + STEP_MS)
    assert [trade.size for trade in recent_trades(exchange.markets["BTCUSDT"], exchange.now_ms, 1)] == [
        Decimal("0.003")
    ]


def test_forming_bar_carries_what_the_tape_has_printed_so_far() -> None:
    exchange = an_exchange(UP, DOWN)
    volumes = []
    for _ in range(7):
        volumes.append(forming_row(exchange.markets["BTCUSDT"], INTERVALS["15"], exchange.now_ms)[5])
        advance(exchange, exchange.now_ms + STEP_MS // 3)
    # The hour begins at 01:00, where the exchange stands after the bar before it.
    assert volumes == ["0.000", "5.000", "7.500", "10.000", "15.000", "17.500", "20.000"]

"""Time goes on in one step where nothing can happen, and everything that happens is what the walk meets."""

import contextlib
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_pipeline.exchange_simulator.calm import calm_until
from trading_pipeline.exchange_simulator.exchange import Exchange, Terms
from trading_pipeline.exchange_simulator.execution_profile import ExecutionProfile
from trading_pipeline.exchange_simulator.orders import CANCEL
from trading_pipeline.exchange_simulator.reference_prices import modelled
from trading_pipeline.exchange_simulator.rejections import Rejection
from trading_pipeline.exchange_simulator.walking import advance
from trading_pipeline_tests.exchange_simulator.builders import FLAT, STEP_MS, Ohlc, an_exchange, order

NEVER_MS = 10**15
BEFORE_FUNDING = datetime(2025, 6, 1, 7, 50, tzinfo=UTC)


def walked_all_the_way(exchange: Exchange) -> Exchange:
    """The same exchange with somebody beside whose order has a step on its way for ever: it is never calm."""
    beside = Exchange(exchange.markets, Terms(run_id="beside"), exchange.moment, beside=exchange)
    order(beside, "Buy", "10", price="1").on_the_way.append((NEVER_MS, CANCEL))
    return exchange


@st.composite
def bar(draw: st.DrawFn) -> Ohlc:
    """Tenths between 92 and 108."""
    low, first, second, high = sorted(draw(st.integers(920, 1080)) / 10 for _ in range(4))
    return (first, high, low, second) if draw(st.booleans()) else (second, high, low, first)


LEVELS = st.integers(930, 1070).map(lambda tenths: str(Decimal(tenths) / 10))
ORDERS = st.fixed_dictionaries(
    {"side": st.sampled_from(["Buy", "Sell"]), "qty": st.sampled_from(["0.5", "3", "40"])},
    optional={"price": LEVELS, "stopLoss": LEVELS, "takeProfit": LEVELS},
)


@settings(max_examples=150)
@given(
    st.lists(bar(), min_size=1, max_size=6),
    st.lists(ORDERS, max_size=3),
    st.sampled_from(list(ExecutionProfile)),
    st.sampled_from([STEP_MS // 7, 2 * STEP_MS, 20 * STEP_MS]),
    st.integers(0, 3),
)
def test_what_happens_is_what_a_walk_all_the_way_meets(
    bars: list[Ohlc], wishes: list[dict[str, str]], profile: ExecutionProfile, step_ms: int, missing: int
) -> None:
    def played(exchange: Exchange) -> list[object]:
        if profile is ExecutionProfile.REALISTIC:
            exchange.markets["BTCUSDT"].basis = {"mark": modelled("BTCUSDT", "mark", 1)}
        for wish in wishes:
            levels = {name: level for name, level in wish.items() if name not in ("side", "qty")}
            with contextlib.suppress(Rejection):
                order(exchange, wish["side"], wish["qty"], **levels)
        end_ms = exchange.now_ms + (len(bars) + missing) * STEP_MS
        while exchange.now_ms < end_ms:
            advance(exchange, min(end_ms, exchange.now_ms + step_ms))
        last = exchange.markets["BTCUSDT"].last
        return [(one.at_ms, one.quantity, one.price, one.kind) for one in exchange.executions] + [
            last,
            exchange.equity(),
        ]

    def made() -> Exchange:
        return an_exchange(*bars, start=BEFORE_FUNDING, profile=profile, balance=Decimal(1_000), missing=missing)

    assert played(made()) == played(walked_all_the_way(made()))


def quiet(exchange: Exchange, bars: int = 3) -> int:
    """How many bars the exchange calls calm."""
    begin_ms = exchange.now_ms
    return (calm_until(exchange, begin_ms + bars * STEP_MS) - begin_ms) // STEP_MS


def test_a_position_far_from_its_levels_passes_bars_in_one_step() -> None:
    exchange = an_exchange(FLAT, (100, 101, 99, 100), FLAT)
    order(exchange, "Buy", "1", stopLoss="90", takeProfit="110")
    order(exchange, "Buy", "1", price="95")
    assert quiet(exchange) == 3


@pytest.mark.parametrize(
    ("levels", "calm"),
    [
        ({"stopLoss": "89"}, 2),
        ({"stopLoss": "88.9"}, 3),
        ({"takeProfit": "101"}, 2),
        ({"takeProfit": "101.1"}, 3),
        ({"stopLoss": "50", "takeProfit": "101"}, 2),
    ],
)
def test_it_is_calm_up_to_the_bar_that_reaches_a_level(levels: dict[str, str], calm: int) -> None:
    exchange = an_exchange(FLAT, FLAT, (100, 101, 89, 100))
    order(exchange, "Buy", "1", **levels)
    assert quiet(exchange) == calm


def test_it_is_calm_up_to_a_jump_over_a_level() -> None:
    exchange = an_exchange(FLAT, (80, 80, 80, 80))
    order(exchange, "Buy", "1", stopLoss="90")
    assert quiet(exchange, 2) == 1


@pytest.mark.parametrize(("qty", "calm"), [("80", 1), ("98", 0)])
def test_a_position_that_may_be_liquidated_is_walked_with(qty: str, calm: int) -> None:
    exchange = an_exchange((100, 100, 90, 100), balance=Decimal(1_000))
    order(exchange, "Buy", qty)
    assert quiet(exchange, 1) == calm


def test_what_follows_the_price_or_is_on_its_way_is_walked_with() -> None:
    for needs in ("on its way", "mark"):
        exchange = an_exchange(FLAT, FLAT)
        made = order(exchange, "Buy", "1", price="90")
        if needs == "mark":
            exchange.markets["BTCUSDT"].basis = {"mark": modelled("BTCUSDT", "mark", 1)}
            order(exchange, "Buy", "1", stopLoss="80", slTriggerBy="MarkPrice")
        else:
            made.on_the_way.append((exchange.now_ms + 1, CANCEL))
        assert quiet(exchange, 2) == 0, needs


def test_a_hole_in_the_bars_is_walked_through() -> None:
    exchange = an_exchange(FLAT, FLAT, missing=2)
    order(exchange, "Buy", "1", price="90")
    assert quiet(exchange, 4) == 0

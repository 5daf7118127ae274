"""Engine and exchange walk one bar alike, under every rule that both know."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_pipeline.domain.backtest.codes import LegKind
from trading_pipeline.domain.backtest.config import Execution, Exits, ExitTarget
from trading_pipeline.domain.model.intrabar_paths import IntrabarPath
from trading_pipeline_tests.domain.backtest.cases import bars_of, config_of, run_one, signal
from trading_pipeline_tests.exchange_simulator.builders import FLAT, STEP_MS, Ohlc, an_exchange, order, walk

SHARED = [rule for rule in IntrabarPath if rule is not IntrabarPath.CONSERVATIVE]
DISTANCE = 4


@st.composite
def bar(draw: Callable[[st.SearchStrategy[int]], int]) -> Ohlc:
    """Tenths between 94 and 106: levels 4 away from 100 are met by both sides, one or none of them."""
    inside = sorted(draw(st.integers(940, 1060)) / 10 for _ in range(4))
    rises = draw(st.integers(0, 1))
    return (inside[1], inside[3], inside[0], inside[2]) if rises else (inside[2], inside[3], inside[0], inside[1])


@pytest.mark.parametrize("rule", SHARED)
@settings(max_examples=60, deadline=None)
@given(bars=st.lists(bar(), min_size=1, max_size=4), side=st.sampled_from([-1, 1]))
def test_a_position_ends_in_the_same_bar_at_the_same_price(rule: IntrabarPath, bars: list[Ohlc], side: int) -> None:
    stop, target = 100 - side * DISTANCE, 100 + side * DISTANCE
    exchange = an_exchange(*bars, path=rule)
    start_ms = exchange.now_ms
    order(exchange, "Buy" if side > 0 else "Sell", "1", stopLoss=stop, takeProfit=target)
    left = [(one.price, -(-(one.at_ms - start_ms) // STEP_MS)) for one in walk(exchange, len(bars))]
    exits = Exits((ExitTarget(1.0, 1.0),), break_even_after_targets=0, trail=None, trail_after_targets=0)
    config = config_of(exits, Execution(path=rule))
    given_bars = bars_of([FLAT, *bars], STEP_MS)
    (trade,) = run_one(config, given_bars, signal(0, side, float(stop), 1.0)).trade_list()
    if trade.exit_reason is LegKind.END_OF_DATA:
        assert left == []
        return
    # A gap fills at the instant of the open, which the exchange counts to the bar before it.
    opened = trade.exit_price == bars[trade.exit_bar - 1][0]
    assert left == [(Decimal(str(round(trade.exit_price, 6))), trade.exit_bar - opened)]

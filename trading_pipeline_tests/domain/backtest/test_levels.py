from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_pipeline.domain.backtest.codes import LegKind
from trading_pipeline.domain.backtest.engine import run_backtest
from trading_pipeline.domain.backtest.levels import floor_step, round_step, steps
from trading_pipeline.domain.backtest.translate import Steps, SymbolInput
from trading_pipeline_tests.domain.backtest.cases import bars_of, config_of, signal

STEPS = st.sampled_from(["0.1", "0.01", "0.001", "0.05", "0.25", "0.5", "1", "5", "10", "0.00001", "0.0002"])


@given(count=st.integers(0, 10**7), step=STEPS)
def test_steps_give_the_float_a_venue_writes(count: int, step: str) -> None:
    assert steps(float(count), float(step)) == float(count * Decimal(step))


@given(count=st.integers(0, 10**7), step=STEPS)
def test_what_already_lies_on_a_step_stays_there(count: int, step: str) -> None:
    price = float(count * Decimal(step))
    assert round_step(price, float(step)) == price
    assert floor_step(price, float(step)) == price


@pytest.mark.parametrize(("value", "rounded", "floored"), [(22_489.064, 22_489.1, 22_489.0), (7.0, 7.0, 7.0)])
def test_rounding_and_cutting_off_to_a_tenth(value: float, rounded: float, floored: float) -> None:
    assert round_step(value, 0.1) == rounded
    assert floor_step(value, 0.1) == floored


def test_a_touch_meets_a_stop_on_a_tick() -> None:
    entry = 22_266.4
    bars = bars_of([(entry, entry, entry, entry), (entry, 22_489.1, entry, entry), (entry, 22_489.1, entry, entry)])
    one = SymbolInput(bars, signal(0, -1, entry * 1.01, 0.1), Steps(price_increment=0.1))
    (trade,) = run_backtest(config_of(), {"BTCUSDT": one}).trade_list()
    assert (trade.exit_bar, trade.exit_reason, trade.exit_price) == (1, LegKind.STOP_LOSS, 22_489.1)

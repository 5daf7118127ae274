"""A stop moves one way, and says which level moved it."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_pipeline.domain.model.errors import ConfigurationError, OrderDenied
from trading_pipeline.domain.model.orders import IntentState, Purpose
from trading_pipeline.domain.model.plans import ExitRules, Runner, TrailRule
from trading_pipeline.domain.model.positions import Position, PositionStatus, StopKind
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.portfolio.stops import (
    Stop,
    TargetsReached,
    next_stop,
    operator_stop,
    passed,
    percent_level,
    ratcheted,
    runner_indicator,
    runner_level,
    targets_reached,
)
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.execution_lab import WAVE, instrument, trade_plan

BTC = instrument()
LOSS, EVEN, TRAIL = StopKind.STOP_LOSS, StopKind.BREAK_EVEN, StopKind.TRAILING_STOP


def position(bias: Bias, runner_stop: int | None = None) -> Position:
    """5 at 1000, stop 10 away."""
    plan = trade_plan(bias=bias)
    zero, five = Decimal(0), Decimal(5)
    return Position(
        plan.plan_id, ACCOUNT, plan.plan_id, plan.instrument_id, "USDT", Timeframe.M15, bias, PositionStatus.OPEN,
        five, five, Decimal(1000),
        plan.stop_price, plan.stop_price, zero, zero, zero, WAVE, None, None, WAVE,
        runner_stop_price=None if runner_stop is None else Decimal(runner_stop),
    )  # fmt: skip


def moved(at: Position, price: str, *, loosen: bool = False) -> Position:
    """After a person moved the stop."""
    stop = operator_stop(at, Decimal(price), BTC, loosen=loosen)
    return replace(at, stop_price=stop.price, stop_kind=stop.kind)


@pytest.mark.parametrize(("bias", "sign"), [(Bias.LONG, 1), (Bias.SHORT, -1)])
def test_a_stop_that_a_person_tightened_is_moved_by_tighter_levels_alone(bias: Bias, sign: int) -> None:
    plan = trade_plan(bias=bias)
    tightened = moved(position(bias), str(1000 - 4 * sign))
    assert tightened.stop_kind is StopKind.OPERATOR_STOP
    none, one = TargetsReached(0, last=False), TargetsReached(1, last=False)
    assert next_stop(plan, tightened, none, BTC) == Stop(Decimal(1000 - 4 * sign), StopKind.OPERATOR_STOP)
    assert next_stop(plan, tightened, one, BTC) == Stop(Decimal(1000), EVEN)
    beyond = moved(position(bias), str(1000 + 2 * sign))
    assert next_stop(plan, beyond, one, BTC) == Stop(Decimal(1000 + 2 * sign), StopKind.OPERATOR_STOP)


@pytest.mark.parametrize(("bias", "sign"), [(Bias.LONG, 1), (Bias.SHORT, -1)])
def test_a_stop_that_a_person_loosened_is_moved_by_a_person_alone(bias: Bias, sign: int) -> None:
    plan, last = trade_plan(bias=bias), TargetsReached(2, last=True)
    with pytest.raises(OrderDenied, match="looser than the present stop"):
        moved(position(bias), str(1000 - 20 * sign))
    held = moved(position(bias, runner_stop=1000 + 8 * sign), str(1000 - 20 * sign), loosen=True)
    assert next_stop(plan, held, last, BTC) == Stop(Decimal(1000 - 20 * sign), StopKind.HELD_STOP)
    assert moved(held, str(1000 - 20 * sign), loosen=True) == held
    freed = moved(held, str(1000 - 20 * sign))
    assert next_stop(plan, freed, last, BTC) == Stop(Decimal(1000 + 8 * sign), TRAIL)


@pytest.mark.parametrize("price", ["0", "-990", "NaN", "Infinity", "1E+20", "990.05"])
def test_a_stop_at_no_price_is_refused(price: str) -> None:
    with pytest.raises(ConfigurationError, match=r"is no price of BTCUSDT.BYBIT"):
        moved(position(Bias.LONG), price, loosen=True)


def test_a_stop_that_is_where_it_is_wanted_keeps_its_name() -> None:
    assert moved(position(Bias.LONG), "990") == position(Bias.LONG)


def test_the_tighter_of_layer_and_break_even_counts() -> None:
    layered = replace(position(Bias.LONG), initial_stop_price=Decimal(995))
    plan, none, one = trade_plan(), TargetsReached(0, last=False), TargetsReached(1, last=False)
    assert next_stop(plan, layered, none, BTC) == Stop(Decimal(995), LOSS)
    assert next_stop(plan, layered, one, BTC) == Stop(Decimal(1000), EVEN)
    pulled = replace(layered, stop_price=Decimal(1000), stop_kind=EVEN)
    assert next_stop(plan, pulled, none, BTC) == Stop(Decimal(1000), EVEN)


@pytest.mark.parametrize(
    ("bias", "after", "filled", "last", "runner_stop", "expected"),
    [
        (Bias.LONG, 1, 0, False, 1005, Stop(Decimal(990), LOSS)),
        (Bias.LONG, 1, 1, False, 1005, Stop(Decimal(1000), EVEN)),
        (Bias.LONG, 1, 2, True, 1008, Stop(Decimal(1008), TRAIL)),
        (Bias.LONG, 1, 2, True, 1000, Stop(Decimal(1000), EVEN)),
        (Bias.LONG, 1, 2, True, 995, Stop(Decimal(1000), EVEN)),
        (Bias.LONG, 1, 2, True, None, Stop(Decimal(1000), EVEN)),
        (Bias.LONG, 2, 1, False, 1005, Stop(Decimal(990), LOSS)),
        (Bias.LONG, 2, 2, True, None, Stop(Decimal(1000), EVEN)),
        (Bias.LONG, 0, 2, True, None, Stop(Decimal(990), LOSS)),
        (Bias.LONG, 0, 2, True, 995, Stop(Decimal(995), TRAIL)),
        (Bias.LONG, 1, 0, True, 995, Stop(Decimal(995), TRAIL)),
        (Bias.SHORT, 1, 0, False, 995, Stop(Decimal(1010), LOSS)),
        (Bias.SHORT, 1, 1, False, 995, Stop(Decimal(1000), EVEN)),
        (Bias.SHORT, 1, 2, True, 992, Stop(Decimal(992), TRAIL)),
        (Bias.SHORT, 1, 2, True, 1004, Stop(Decimal(1000), EVEN)),
    ],
)
def test_where_the_stop_goes_and_what_put_it_there(
    bias: Bias, after: int, filled: int, last: bool, runner_stop: int | None, expected: Stop
) -> None:
    plan = replace(trade_plan(bias=bias), exit_rules=ExitRules(break_even_after_targets=after))
    assert next_stop(plan, position(bias, runner_stop), TargetsReached(filled, last), BTC) == expected


@pytest.mark.parametrize(("price", "expected"), [(1000, EVEN), (1008, TRAIL), (1003, None)])
def test_a_stop_nobody_remembers_setting_is_known_by_where_it_stands(price: int, expected: StopKind | None) -> None:
    held = replace(position(Bias.LONG, 1008 if price == 1008 else None), stop_price=Decimal(price), stop_kind=None)
    assert next_stop(trade_plan(), held, TargetsReached(2, last=True), BTC) == Stop(Decimal(price), expected)


@given(
    bias=st.sampled_from(Bias),
    levels=st.lists(st.none() | st.decimals(900, 1100, places=1), min_size=1, max_size=8),
    filled=st.integers(0, 2),
    last=st.booleans(),
)
def test_a_stop_is_never_loosened(bias: Bias, levels: list[Decimal | None], filled: int, last: bool) -> None:
    held = position(bias)
    for level in levels:
        held = replace(held, runner_stop_price=ratcheted(bias, held.runner_stop_price, level))
        stop = next_stop(trade_plan(bias=bias), held, TargetsReached(filled, last), BTC).price
        assert (stop >= held.stop_price) if bias is Bias.LONG else (stop <= held.stop_price)
        held = replace(held, stop_price=stop)


def test_a_cheap_coins_runner_stops_below_one() -> None:
    plan = replace(trade_plan(), runner=Runner(Decimal("0.2"), Decimal(3), 14))
    assert runner_level(plan, BTC, Decimal("0.9"), Decimal("0.1")) == Decimal("0.6")


def test_the_known_or_tighter_runners_stop_counts() -> None:
    low, high = Decimal(995), Decimal(1005)
    for bias in Bias:
        assert ratcheted(bias, None, low) == ratcheted(bias, low, None) == low
        assert ratcheted(bias, None, None) is None
    assert ratcheted(Bias.LONG, low, high) == ratcheted(Bias.LONG, high, low) == high
    assert ratcheted(Bias.SHORT, low, high) == ratcheted(Bias.SHORT, high, low) == low


@pytest.mark.parametrize(
    ("bias", "best", "level"),
    [
        # 1 % of the average entry away and not before, half a percent behind the best price, in ticks of 0.1
        (Bias.LONG, "1009.9", None),
        (Bias.LONG, "1010", "1005.0"),
        (Bias.LONG, "1012", "1006.9"),
        (Bias.SHORT, "990.1", None),
        (Bias.SHORT, "990", "995.0"),
    ],
)
def test_where_the_best_price_puts_the_runners_stop(bias: Bias, best: str, level: str | None) -> None:
    runner = Runner(Decimal("0.2"), Decimal(3), 14, TrailRule.PERCENT)
    plan = replace(trade_plan(bias=bias), runner=runner)
    found = percent_level(plan, BTC, Decimal(1000), Decimal(best))
    assert found == (None if level is None else Decimal(level))
    assert runner_indicator(runner, bias) is None


@pytest.mark.parametrize(
    ("bias", "rule", "column", "value", "level"),
    [
        (Bias.LONG, TrailRule.ATR, "atr_14", "4.02", "987.9"),
        (Bias.SHORT, TrailRule.ATR, "atr_14", "4.02", "1012.1"),
        (Bias.LONG, TrailRule.ATR_SIMPLE, "atr_simple_14", "4", "988"),
        (Bias.LONG, TrailRule.PIVOT, "pivot_low", "981.26", "981.3"),
        (Bias.SHORT, TrailRule.PIVOT, "pivot_high", "1019", "1019"),
        (Bias.LONG, TrailRule.ATR, "atr_14", "400", None),
        (Bias.LONG, TrailRule.ATR, "atr_14", "333.34", None),
        (Bias.LONG, TrailRule.NONE, None, None, None),
    ],
)
def test_where_a_close_at_1000_puts_the_runners_stop(
    bias: Bias, rule: TrailRule, column: str | None, value: str | None, level: str | None
) -> None:
    """By three times the ATR, or at the pivot, in ticks of 0.1; nowhere below zero."""
    plan = replace(trade_plan(bias=bias), runner=Runner(Decimal("0.2"), Decimal(3), 14, rule))
    assert runner_indicator(plan.runner, bias) == column
    if value is not None:
        found = runner_level(plan, BTC, Decimal(1000), Decimal(value))
        assert found == (None if level is None else Decimal(level))


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ({}, TargetsReached(filled=0, last=True)),
        ({Purpose.TAKE_PROFIT_1: IntentState.ACKNOWLEDGED}, TargetsReached(filled=0, last=False)),
        (
            {Purpose.TAKE_PROFIT_1: IntentState.FILLED, Purpose.TAKE_PROFIT_2: IntentState.ACKNOWLEDGED},
            TargetsReached(filled=1, last=False),
        ),
        (
            {Purpose.TAKE_PROFIT_1: IntentState.FILLED, Purpose.TAKE_PROFIT_2: IntentState.REJECTED},
            TargetsReached(filled=1, last=True),
        ),
        (
            {Purpose.TAKE_PROFIT_2: IntentState.FILLED, Purpose.TAKE_PROFIT_3: IntentState.ACKNOWLEDGED},
            TargetsReached(filled=2, last=False),
        ),
        (
            {Purpose.TAKE_PROFIT_1: IntentState.FILLED, Purpose.TAKE_PROFIT_2: IntentState.FILLED},
            TargetsReached(filled=2, last=True),
        ),
    ],
)
def test_steps_behind_a_position(targets: dict[Purpose, IntentState], expected: TargetsReached) -> None:
    assert targets_reached(targets) == expected


@pytest.mark.parametrize(("bias", "price", "expected"), [
    (Bias.LONG, 1001, False), (Bias.LONG, 1000, True), (Bias.SHORT, 999, False), (Bias.SHORT, 1000, True),
])  # fmt: skip
def test_a_stop_the_price_has_reached_is_passed(bias: Bias, price: int, expected: bool) -> None:
    assert passed(bias, Decimal(1000), Decimal(price)) is expected

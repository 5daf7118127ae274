from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_pipeline.domain.backtest.config import (
    SIZING_RULES,
    BacktestConfig,
    KellySizing,
    Limits,
    VolatilitySizing,
)
from trading_pipeline.domain.backtest.signals import EntrySignals
from trading_pipeline.domain.backtest.sweep import GivenSignals, ParameterSet, run_sweep
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.portfolio.sizing import SizingModel, SizingRule
from trading_pipeline.domain.strategies.framework.arrays import BarArrays
from trading_pipeline_tests.domain.backtest.cases import (
    FREE_LIMITS,
    STOP_ONLY,
    bars_of,
    config_of,
    random_bars,
    run_one,
    signal,
    signals_of,
)

UNSIZED = replace(FREE_LIMITS, risk_per_trade=None, fixed_margin=1.0)


def sized(**rules: object) -> Limits:
    return replace(UNSIZED, **{"fixed_margin": None, **rules})  # type: ignore[arg-type]


def swinging(half_range: float, count: int = 20) -> BarArrays:
    """Bars around 100 whose ranges, and so their ATR, are twice ``half_range`` percent of the close."""
    return bars_of([(100.0, 100.0 + half_range, 100.0 - half_range, 100.0)] * count)


@pytest.mark.parametrize(
    ("limits", "half_range", "quantity"),
    [
        # 20 % of 10,000 at 0.5 / 2: 500 of margin
        (sized(volatility=VolatilitySizing(0.2, 0.5, 5)), 1.0, 5.0),
        (sized(volatility=VolatilitySizing(0.2, 0.5, 5), max_leverage=4.0), 1.0, 20.0),
        (sized(volatility=VolatilitySizing(0.2, 1.0, 5)), 1.0, 10.0),
        # calmer than wanted: more than the fraction, but no more than there is
        (sized(volatility=VolatilitySizing(0.2, 0.5, 5)), 0.125, 40.0),
        (sized(volatility=VolatilitySizing(0.5, 0.5, 5)), 0.05, 100.0),
        (sized(volatility=VolatilitySizing(0.5, 0.5, 5)), 0.0, 100.0),
        # (0.6 - 0.4) / (0.6 + 0.4)
        (sized(kelly=KellySizing(0.6, 1.0, 1.0, 0.5)), 1.0, 20.0),
        (sized(kelly=KellySizing(0.6, 1.0, 1.0)), 1.0, 5.0),
        # (0.55 x 1.2 - 0.45) / (0.55 x 1.44 + 0.45) = 0.21 / 1.242
        (sized(kelly=KellySizing(0.55, 1.2, 1.0, 0.5)), 1.0, 16.9082125604),
        (sized(kelly=KellySizing(0.55, 1.2, 1.0, 0.5), max_leverage=2.0), 1.0, 33.8164251208),
        # 0.8, of which Kelly here takes a half at most
        (sized(kelly=KellySizing(0.9, 1.0, 1.0, 0.5)), 1.0, 50.0),
    ],
)
def test_the_rule_gives_the_quantity(limits: Limits, half_range: float, quantity: float) -> None:
    (trade,) = run_one(config_of(limits=limits), swinging(half_range), signal(10, 1, 50.0)).trade_list()
    assert trade.quantity == pytest.approx(quantity)


@settings(max_examples=60, deadline=None)
@given(st.floats(0.01, 0.5), st.floats(0.05, 5.0), st.floats(0.5, 0.95), st.floats(1.1, 5.0), st.floats(0.01, 0.5))
def test_amounts_are_those_of_the_portfolios_models(
    half_range: float, target: float, win_rate: float, win: float, fraction: float
) -> None:
    numbers = {
        "fixed_amount": Decimal(90),
        "fraction": Decimal(str(fraction)),
        "target_volatility_pct": Decimal(str(target)),
        "win_rate": Decimal(str(win_rate)),
        "average_win_pct": Decimal(str(win)),
    }
    rules = {
        SizingModel.FIXED: sized(fixed_margin=90.0),
        SizingModel.FRACTIONAL: sized(cash_fraction=fraction),
        SizingModel.VOLATILITY: sized(volatility=VolatilitySizing(fraction, target, 5)),
        SizingModel.KELLY: sized(kelly=KellySizing(win_rate, win, 1.0, fraction)),
    }
    for model, limits in rules.items():
        amount = SizingRule(model=model, **numbers).amount(Decimal(10_000), Decimal(str(2 * half_range)))
        (trade,) = run_one(config_of(limits=limits), swinging(half_range), signal(10, 1, 50.0)).trade_list()
        assert trade.quantity * 100.0 == pytest.approx(float(amount))


def test_the_volatility_is_that_of_the_deciding_bar() -> None:
    bars = bars_of([*[(100.0, 101.0, 99.0, 100.0)] * 11, *[(100.0, 110.0, 90.0, 100.0)] * 9])
    limits = sized(volatility=VolatilitySizing(0.2, 0.5, 5))
    assert run_one(config_of(limits=limits), bars, signal(10, 1, 50.0)).trades.quantity[0] == pytest.approx(5.0)
    assert run_one(config_of(limits=limits), bars, signal(11, 1, 50.0)).trades.quantity[0] < 2.0


def test_an_unknown_volatility_is_no_ground_for_an_entry() -> None:
    limits = sized(volatility=VolatilitySizing(0.2, 0.5, 14))
    result = run_one(config_of(limits=limits), swinging(1.0), signals_of([(3, 1, 50.0), (14, 1, 50.0)]))
    assert result.outcome_counts() == {"filled": 1, "too_small": 1}


def test_a_part_of_an_entry_gets_its_part_of_the_amount() -> None:
    whole = EntrySignals(np.array([10]), np.array([1]), np.array([50.0]))
    for limits in (
        sized(risk_per_trade=0.01),
        sized(cash_fraction=0.3),
        sized(fixed_margin=300.0),
        sized(volatility=VolatilitySizing(0.3, 0.5, 5)),
        sized(kelly=KellySizing(0.6, 1.0, 1.0, 0.2)),
    ):
        all_of_it, part = (
            run_one(config_of(limits=limits), swinging(1.0), replace(whole, share=share)).trades.quantity[0]
            for share in (None, np.array([0.25]))
        )
        assert part == pytest.approx(all_of_it / 4)


def test_a_sweep_weighs_by_volatility_as_a_single_run_does() -> None:
    bars = random_bars(500, 3, 0.01)
    at = np.arange(20, 480, 20)
    signals = EntrySignals(at, np.ones(len(at), np.int64), bars.close[at] * 0.98)
    configs = [config_of(STOP_ONLY, limits=sized(volatility=VolatilitySizing(0.2, pct))) for pct in (0.2, 0.5)]
    configs.append(config_of(STOP_ONLY, limits=sized(kelly=KellySizing(0.6, 1.0, 1.0, 0.2))))
    figures = run_sweep(bars, [ParameterSet(config, GivenSignals(signals, bars)) for config in configs], 2)
    singles = [run_one(config, bars, signals).trades.pnl.sum() for config in configs]
    assert figures["net_profit"].tolist() == pytest.approx(singles)
    assert len(set(singles)) == 3


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ((0.5, 1.0, 1.0), "loses on average, so Kelly bets nothing"),
        ((0.4, 1.0, 1.0), "use another sizing rule"),
        ((1.0, 1.0, 1.0), "win_rate = 1.0: must be a number between 0.01 and 0.99"),
        ((0.6, 0.0, 1.0), "average_win_pct = 0.0"),
        ((0.6, 1.0, -1.0), "average_loss_pct = -1.0"),
        ((0.6, 1.0, 1.0, 0.6), "fraction = 0.6"),
    ],
)
def test_numbers_with_which_kelly_makes_no_sense_are_refused(numbers: tuple[float, ...], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        KellySizing(*numbers)


@pytest.mark.parametrize("numbers", [(0.0, 0.5, 14), (0.05, 0.0, 14), (0.05, 0.5, 1), (2.0, 0.5, 14)])
def test_a_volatility_rule_outside_its_ranges_is_refused(numbers: tuple[float, float, int]) -> None:
    with pytest.raises(ConfigurationError, match="must be a"):
        VolatilitySizing(*numbers)


def test_one_rule_sizes_and_no_other() -> None:
    rules = {
        "cash_fraction": 0.5,
        "fixed_margin": 50.0,
        "volatility": VolatilitySizing(),
        "kelly": KellySizing(0.6, 1, 1),
    }
    assert set(rules) | {"risk_per_trade"} == set(SIZING_RULES)
    for name, rule in rules.items():
        with pytest.raises(ConfigurationError, match="set exactly one of risk_per_trade, cash_fraction"):
            BacktestConfig().with_values({name: rule})
        assert BacktestConfig().with_values({name: rule, "risk_per_trade": None})

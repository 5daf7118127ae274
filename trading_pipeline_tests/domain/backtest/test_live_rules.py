"""The engine's rules for a lifecycle, and how other conventions differ from them."""

from dataclasses import fields, replace
from decimal import Decimal
from enum import Enum

import pytest

from trading_pipeline.domain.backtest.codes import EntriesBy, Opposite, Smoothing, Timing
from trading_pipeline.domain.backtest.config import AtrTrail, BacktestConfig, PivotTrail
from trading_pipeline.domain.backtest.live_rules import live_rules
from trading_pipeline.domain.backtest.presets import (
    PRESETS,
    RulesUsed,
    differences,
    flat,
    preset_named,
    refuse_contradiction,
)
from trading_pipeline.domain.lifecycle import lifecycle as words
from trading_pipeline.domain.lifecycle.lifecycle import Lifecycle
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.plans import ExitRules, FundingExitRule, TrailAt, TrailRule
from trading_pipeline.domain.model.plans import Opposite as LiveOpposite
from trading_pipeline.domain.portfolio.sizing import SizingModel, SizingRule
from trading_pipeline.domain.risk.limits import EntriesBy as LiveEntriesBy
from trading_pipeline_tests.testkit.execution_lab import COSTS, LIFECYCLE, LIMITS

QUARTER_MS = 900_000


def rules(**changes: object) -> BacktestConfig:
    return live_rules(replace(LIFECYCLE, **changes), QUARTER_MS)  # type: ignore[arg-type]


def test_every_number_of_the_lifecycle_is_the_engines() -> None:
    made = flat(rules())
    expected = {
        "initial_capital": 10_000.0,
        "timing": Timing.BAR_CLOSE,
        "opposite": Opposite.IGNORE,
        "max_layers": 1,
        "maker_fee_bps": 2.0,
        "taker_fee_bps": 5.5,
        "slippage_bps": 0.0,
        "funding_rate": 0.0001,
        "funding_hours": 8,
        "risk_per_trade": 0.005,
        "amount": None,
        "max_open_positions": 3,
        "max_leverage": 5.0,
        "max_daily_loss": 0.05,
        "cooldown_bars": 1,
        "entries_by": EntriesBy.SYMBOL,
        "break_even_after_targets": 1,
        "trail": AtrTrail(3.0, 14, Smoothing.WILDER),
        "trail_after_targets": 2,
        "move_stop_at_close": False,
        "next_bar_exit": False,
        "strategy_exits": True,
    }
    assert {name: made[name] for name in expected} == expected
    assert [(target.distance, target.fraction) for target in rules().exits.targets] == [(1.0, 0.4), (2.0, 0.4)]


CHANGED = [
    {"exit_rules": ExitRules(break_even_after_targets=2)},
    {"exit_rules": ExitRules(strategy_exits=False)},
    {"exit_rules": ExitRules(opposite=LiveOpposite.REVERSE)},
    {"exit_rules": ExitRules(max_layers=3)},
    {"exit_rules": ExitRules(funding_exit=FundingExitRule())},
    {"next_bar_exit": True},
    {"targets": LIFECYCLE.targets[:1]},
    {"runner": replace(LIFECYCLE.runner, trail=TrailRule.NONE)},
    {"runner": replace(LIFECYCLE.runner, trail=TrailRule.PIVOT)},
    {"runner": replace(LIFECYCLE.runner, trail=TrailRule.ATR_SIMPLE)},
    {"runner": replace(LIFECYCLE.runner, trail=TrailRule.PERCENT)},
    {"runner": replace(LIFECYCLE.runner, trail_at=TrailAt.FINEST)},
    {"runner": replace(LIFECYCLE.runner, atr_multiple=Decimal(2))},
    {"runner": replace(LIFECYCLE.runner, fraction=Decimal(0))},
    {"limits": replace(LIMITS, risk_per_trade=Decimal("0.01"))},
    {"limits": replace(LIMITS, max_open_positions=1)},
    {"limits": replace(LIMITS, max_leverage=Decimal(2))},
    {"limits": replace(LIMITS, max_daily_loss=Decimal("0.02"))},
    {"limits": replace(LIMITS, cooldown_bars=4)},
    {"limits": replace(LIMITS, entries_by=LiveEntriesBy.SCORE)},
    {"limits": replace(LIMITS, sizing=SizingRule(SizingModel.FIXED))},
    {"costs": replace(COSTS, maker_fee_bps=Decimal(1))},
    {"costs": replace(COSTS, taker_fee_bps=Decimal(1))},
    {"costs": replace(COSTS, slippage_bps=Decimal(1))},
    {"costs": replace(COSTS, funding_rate=Decimal(0))},
    {"costs": replace(COSTS, funding_interval_hours=4)},
]


ONLY_LIVE = {"entry_order"}
"""Bars do not tell who takes a limit; ``backtest`` says so where a file asks for one."""


@pytest.mark.parametrize("changes", CHANGED, ids=str)
def test_no_part_of_the_lifecycle_is_ignored(changes: dict[str, object]) -> None:
    assert differences(rules(**changes), rules())


def test_every_lifecycle_field_is_accounted_for() -> None:
    changed = {name for row in CHANGED for name in row}
    one_value = {
        spec.name
        for spec in fields(Lifecycle)
        if isinstance(kind := getattr(words, str(getattr(spec.type, "__name__", spec.type)), None), type)
        and issubclass(kind, Enum)
        and len(kind) == 1
    }
    assert changed | one_value | ONLY_LIVE == {spec.name for spec in fields(Lifecycle)}


def test_a_pivot_trail_may_move_at_finest_closes() -> None:
    runner = replace(LIFECYCLE.runner, trail=TrailRule.PIVOT, trail_at=TrailAt.FINEST)
    assert rules(runner=runner).exits.trail == PivotTrail(every=QUARTER_MS)


@pytest.mark.parametrize("name", list(PRESETS))
def test_a_preset_changes_what_it_names_and_nothing_else(name: str) -> None:
    live = rules()
    changed = flat(live.with_values(preset_named(name)))
    assert {rule for rule, value in changed.items() if value != flat(live)[rule]} <= set(preset_named(name))
    assert changed == flat(live) | dict(preset_named(name))


@pytest.mark.parametrize(
    ("preset", "given", "message"),
    [
        (
            "freqtrade",
            {"timing": Timing.BAR_CLOSE},
            "--rules freqtrade says timing = next_open, --param says bar_close",
        ),
        ("live", {"taker_fee_bps": 1.0}, "--rules live says taker_fee_bps = 5.5, --param says 1"),
        ("backtesting.py", {"max_daily_loss": 0.1}, "says max_daily_loss = none, --param says 0.1"),
    ],
)
def test_a_rule_that_contradicts_the_preset_is_refused_with_both_values(
    preset: str, given: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        refuse_contradiction(preset, given, rules())


def test_an_unknown_preset_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match="did you mean freqtrade"):
        preset_named("freqtrde")


def test_the_first_line_names_every_difference_with_both_values() -> None:
    live = rules()
    assert RulesUsed().line() == "rules live: as live"
    differs = tuple(differences(live.with_values({"timing": Timing.NEXT_OPEN, "cooldown_bars": 0}), live))
    assert RulesUsed("research", differs, ("no lots",)).line() == (
        "rules research: differs from live in timing next_open (live: bar_close); cooldown_bars 0 (live: 1). "
        "Assumed: no lots"
    )


def test_rules_are_named_as_they_are_typed() -> None:
    live = rules()
    changed = live.with_values(
        {"targets": (), "break_even_after_targets": 0, "trail": None, "trail_after_targets": 0, "max_leverage": 10.0}
    )
    assert differences(changed, live) == [
        "max_leverage 10 (live: 5)",
        "targets none (live: 1:0.4,2:0.4)",
        "break_even_after_targets 0 (live: 1)",
        "trail none (live: atr:3:14:wilder)",
        "trail_after_targets 0 (live: 2)",
    ]

"""When the next-bar rule looks, and what it says."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from trading_pipeline.domain.model.indicator_readings import IndicatorReading
from trading_pipeline.domain.model.plans import NextBarRule
from trading_pipeline.domain.model.positions import Position, PositionStatus
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.portfolio.next_bar import close_to_judge, fails
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.execution_lab import WAVE, trade_plan

BAR = timedelta(minutes=15)
PLAN = replace(trade_plan(), next_bar_rule=NextBarRule(Decimal(1)))
NOBODY = Decimal(0)


def a_position(opened_at: datetime | None, managed_through: datetime | None) -> Position:
    return Position(
        *(
            PLAN.plan_id,
            ACCOUNT,
            PLAN.plan_id,
            PLAN.instrument_id,
            "USDT",
            PLAN.timeframe,
            PLAN.bias,
            PositionStatus.OPEN,
        ),
        *(Decimal(5), Decimal(5), Decimal(1000), PLAN.stop_price, PLAN.stop_price, NOBODY, NOBODY, NOBODY),
        *(opened_at, None, None, managed_through),
    )


@pytest.mark.parametrize(
    ("entry", "now", "bias", "leaves"),
    [
        ("-11.648148", "-4.805806", Bias.LONG, False),
        ("-11.648148", "-12", Bias.LONG, True),
        ("-11.648148", "-11.648148", Bias.LONG, True),
        ("11.648148", "4.805806", Bias.SHORT, False),
        ("11.648148", "12", Bias.SHORT, True),
        ("11.648148", "11.648148", Bias.SHORT, True),
        ("0.3", "0.30000000000000004", Bias.LONG, True),  # at a price of 100 that is rounding
        ("0.3", "0.300000001", Bias.LONG, False),
        ("0.30000000000000004", "0.3", Bias.SHORT, True),
        ("0.300000001", "0.3", Bias.SHORT, False),
        (None, "-12", Bias.LONG, False),
        ("-11.648148", None, Bias.LONG, False),
    ],
)
def test_momentum_that_has_not_moved_in_favour_ends_the_trade(
    entry: str | None, now: str | None, bias: Bias, leaves: bool
) -> None:
    rule = NextBarRule(None if entry is None else Decimal(entry))
    reading = None if now is None else IndicatorReading(close=Decimal(100), value=Decimal(now))
    assert fails(rule, bias, reading) is leaves


@pytest.mark.parametrize(
    ("opened", "managed", "close", "judged"),
    [
        (WAVE, WAVE, WAVE, None),
        (WAVE, WAVE, WAVE + BAR, WAVE + BAR),
        (WAVE + BAR / 3, WAVE, WAVE + BAR, WAVE + BAR),
        (WAVE, WAVE + BAR / 3, WAVE + BAR, WAVE + BAR),
        (WAVE, WAVE + BAR, WAVE + 2 * BAR, None),
        (WAVE, WAVE, WAVE + 3 * BAR, WAVE + BAR),
        (WAVE + BAR, WAVE, WAVE + BAR, None),
        (WAVE + BAR, WAVE + BAR, WAVE + 2 * BAR, WAVE + 2 * BAR),
        (None, WAVE, WAVE + BAR, None),
    ],
    ids=[
        "not at the entry's own close",
        "at the next one",
        "filled a little later",
        "after a wave of a shorter timeframe",
        "once",
        "late, but by the same bar",
        "filled at the next close: not there",
        "but one bar later",
        "not before a fill",
    ],
)
def test_the_first_close_after_the_entry_is_judged_once(
    opened: datetime | None, managed: datetime, close: datetime, judged: datetime | None
) -> None:
    assert close_to_judge(PLAN, a_position(opened, managed), close) == judged


def test_a_plan_without_the_rule_is_never_judged() -> None:
    plan = replace(PLAN, next_bar_rule=None)
    assert close_to_judge(plan, a_position(WAVE, WAVE), WAVE + BAR) is None

"""After a loss to the initial stop its instrument and timeframe rest, asked of the real gate.

A signal at close c is allowed from c >= time of the stop + cooldown_bars x timeframe.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.execution.ledger_indicators import PostgresIndicatorReader
from trading_pipeline.domain.model.positions import ExitReason
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.services.execution.claim_plans import claim_plans
from trading_pipeline.services.execution.gate_plans import gate_plans
from trading_pipeline.services.execution.manage_positions import manage_positions
from trading_pipeline_tests.testkit.execution_lab import (
    LIMITS,
    WAVE,
    Lab,
    exit_signal,
    store_plan,
    store_signal,
    trade_plan,
)
from trading_pipeline_tests.testkit.execution_run import execute_plans

STOPPED = WAVE + timedelta(hours=4)
"""On the grid of every timeframe up to 4h."""
MS = timedelta(milliseconds=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def lab(database: Engine) -> Lab:
    lab = Lab(database)
    lab.venue.on_fill = lab.ledger.apply_fill
    return lab


def stopped_out(lab: Lab, timeframe: Timeframe, at: datetime) -> None:
    """A long at 1000 of the bar before loses to its stop at 990."""
    plan = trade_plan(close_time=at - timeframe.duration, timeframe=timeframe)
    store_plan(lab.database, plan)
    lab.clock.set(plan.close_time)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    lab.clock.set(at)
    lab.venue.move("BTCUSDT.BYBIT", Decimal(990))
    lost = lab.ledger.position_of(plan.plan_id)
    assert lost is not None
    assert (lost.exit_reason, lost.closed_at) == (ExitReason.STOP_LOSS, at)


def asked(lab: Lab, close_time: datetime, timeframe: Timeframe, instrument_id: str, bars: int) -> list[str]:
    """The rules that deny a long of this close under so many bars of cooldown."""
    lab.clock.set(close_time)
    lab.venue.prices[instrument_id] = Decimal(1000)
    store_plan(lab.database, trade_plan(instrument_id, close_time=close_time, timeframe=timeframe))
    context = replace(lab.context("run-2"), limits=replace(LIMITS, cooldown_bars=bars))
    claimed = claim_plans(plans=lab.ledger, clock=lab.clock, run_id="run-2")
    return [denied.rule for denied in gate_plans(context=context, gate=lab.gate, plans=claimed.plans).denied]


@pytest.mark.parametrize(
    ("timeframe", "bars", "plan_timeframe", "after", "instrument_id", "rules"),
    [
        # S12: a 1h long stopped at a close T, two bars of cooldown
        (Timeframe.H1, 2, Timeframe.H1, timedelta(hours=1), "BTCUSDT.BYBIT", ["cooldown"]),
        (Timeframe.H1, 2, Timeframe.H1, timedelta(hours=2) - MS, "BTCUSDT.BYBIT", ["cooldown"]),
        (Timeframe.H1, 2, Timeframe.H1, timedelta(hours=2), "BTCUSDT.BYBIT", []),
        (Timeframe.H1, 2, Timeframe.H1, timedelta(hours=2) + MS, "BTCUSDT.BYBIT", []),
        (Timeframe.H1, 2, Timeframe.H4, MS, "BTCUSDT.BYBIT", []),
        # bars are those of the timeframe: one of 4h, one of 15m
        (Timeframe.H4, 1, Timeframe.H4, timedelta(hours=4) - MS, "BTCUSDT.BYBIT", ["cooldown"]),
        (Timeframe.H4, 1, Timeframe.H4, timedelta(hours=4), "BTCUSDT.BYBIT", []),
        (Timeframe.H4, 1, Timeframe.M15, 15 * MINUTE, "BTCUSDT.BYBIT", []),
        (Timeframe.M15, 1, Timeframe.M15, 15 * MINUTE - MS, "BTCUSDT.BYBIT", ["cooldown"]),
        (Timeframe.M15, 1, Timeframe.M15, 15 * MINUTE, "BTCUSDT.BYBIT", []),
        (Timeframe.M15, 1, Timeframe.H1, timedelta(0), "BTCUSDT.BYBIT", []),
        # other instruments go on, and no bars are no cooldown
        (Timeframe.H1, 2, Timeframe.H1, timedelta(hours=1), "SOLUSDT.BYBIT", []),
        (Timeframe.H1, 0, Timeframe.H1, timedelta(0), "BTCUSDT.BYBIT", []),
    ],
)
def test_a_stopped_symbol_rests_in_its_timeframe_alone(
    lab: Lab,
    timeframe: Timeframe,
    bars: int,
    plan_timeframe: Timeframe,
    after: timedelta,
    instrument_id: str,
    rules: list[str],
) -> None:
    stopped_out(lab, timeframe, STOPPED)
    assert asked(lab, STOPPED + after, plan_timeframe, instrument_id, bars) == rules


@pytest.mark.parametrize(
    ("inside", "closes", "rules"),
    [(7 * MINUTE, 1, ["cooldown"]), (7 * MINUTE, 2, []), (timedelta(0), 1, [])],
    ids=["8 minutes after", "23 minutes after", "15 minutes after"],
)
def test_a_stop_inside_a_bar_counts_from_its_own_time(
    lab: Lab, inside: timedelta, closes: int, rules: list[str]
) -> None:
    stopped_out(lab, Timeframe.M15, STOPPED + inside)
    assert asked(lab, STOPPED + closes * 15 * MINUTE, Timeframe.M15, "BTCUSDT.BYBIT", bars=1) == rules


def test_a_rest_ends_for_both_sides_at_once(lab: Lab) -> None:
    """The scope is instrument and timeframe, not side: a short rests after a long was stopped."""
    stopped_out(lab, Timeframe.M15, STOPPED)
    lab.clock.set(STOPPED + 14 * MINUTE)
    store_plan(lab.database, trade_plan(bias=Bias.SHORT, close_time=STOPPED + 14 * MINUTE))
    claimed = claim_plans(plans=lab.ledger, clock=lab.clock, run_id="run-2")
    assert [
        one.rule for one in gate_plans(context=lab.context("run-2"), gate=lab.gate, plans=claimed.plans).denied
    ] == ["cooldown"]


@pytest.mark.parametrize("reason", [ExitReason.BREAK_EVEN, ExitReason.SIGNAL_EXIT])
def test_no_other_exit_makes_a_symbol_rest(lab: Lab, reason: ExitReason) -> None:
    plan, close = trade_plan(), WAVE + 15 * MINUTE
    store_plan(lab.database, plan)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    if reason is ExitReason.SIGNAL_EXIT:
        store_signal(lab.database, exit_signal(plan, close))
    else:
        lab.clock.set(WAVE + MINUTE)
        lab.venue.move("BTCUSDT.BYBIT", Decimal(1010))
    lab.clock.set(close)
    manage_positions(
        context=lab.context(), indicators=PostgresIndicatorReader(lab.database), wave=close, finest=Timeframe.M15
    )
    lab.venue.move("BTCUSDT.BYBIT", Decimal(1000))
    closed = lab.ledger.position_of(plan.plan_id)
    assert closed is not None
    assert closed.exit_reason is reason
    assert asked(lab, close, Timeframe.M15, "BTCUSDT.BYBIT", bars=4) == []

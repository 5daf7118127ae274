"""A run of the real job is killed before every single call of a port, and run again.

Whatever the line: at most one order per link id, no filled position without a stop, and in the end
the same ledger as without the kill.
"""

from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from trading_pipeline.domain.model.plans import ExitRules, NextBarRule, Opposite, PlanStatus, TradePlan
from trading_pipeline.domain.model.positions import ExitReason, PositionStatus
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline_tests.scenarios.killed_runs import (
    NEXT,
    State,
    assert_safe,
    enter,
    execute,
    follow,
    fresh,
    in_turns,
    ledger_state,
    lost_requests,
    manage,
    swept,
    swept_in_turns,
)
from trading_pipeline_tests.testkit.execution_lab import (
    Lab,
    exit_signal,
    store_bar,
    store_plan,
    store_signal,
    trade_plan,
)
from trading_pipeline_tests.testkit.tripwire import Killed, Tripwire

LONG, SHORT = trade_plan("BTCUSDT.BYBIT"), trade_plan("SOLUSDT.BYBIT", Bias.SHORT)
BY_MOMENTUM = replace(LONG, next_bar_rule=NextBarRule(Decimal(-11)))
BY_OPPOSITE = replace(LONG, exit_rules=ExitRules(opposite=Opposite.CLOSE))
AGAINST = trade_plan("BTCUSDT.BYBIT", Bias.SHORT, NEXT)

MANAGED = {
    "break_even": Decimal("1000.0"),
    "passed": None,
    "naked": None,
    "next_bar": None,
    "signal_exit": None,
    "opposite": None,
}
"""What a wave does to the position, and where its stop is then; ``None`` where it is closed."""

FOLLOWED = {
    "first target": ((1010,), Decimal("1000.0")),
    "first target, and back": ((1010, 998), None),
    "last target": ((1020,), Decimal("1002.0")),
    "stop": ((990,), None),
}
"""Prices that fill something, and where the stop is then; at the last target a runner's stop waits."""


def calls_of_undisturbed_run(database: Engine, plans: tuple[TradePlan, ...]) -> tuple[int, State]:
    lab = fresh(database, *plans)
    wire = Tripwire()
    execute(lab, wire, "run-1")
    return len(wire.calls), ledger_state(lab)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("plans", "step"), swept({"one plan": ((LONG,),), "two plans": ((LONG, SHORT),)}))
def test_execution_killed_anywhere_ends_the_same(database: Engine, plans: tuple[TradePlan, ...], step: int) -> None:
    """By turns the same run goes on, and another takes over."""
    calls, undisturbed = calls_of_undisturbed_run(database, plans)
    assert calls > 20 * len(plans)
    step *= len(plans)
    for before in range(0, calls, step):
        lab = fresh(database, *plans)
        with pytest.raises(Killed):
            execute(lab, Tripwire(before), "run-1")
        assert_safe(lab)
        lab.end_leases()
        execute(lab, Tripwire(), ("run-1", "run-2")[before // step % 2])
        assert_safe(lab)
        lost_request = lost_requests(lab)
        if lost_request:
            assert_given_up_safely(lab, lost_request)
        else:
            assert ledger_state(lab) == undisturbed, f"killed before call {before}"


def assert_given_up_safely(lab: Lab, link_ids: list[str]) -> None:
    assert len(link_ids) == 1
    assert link_ids[0] not in lab.venue.accepted
    if link_ids[0].endswith("_E"):
        plan = next(plan for plan in (LONG, SHORT) if link_ids[0].startswith(plan.plan_id))
        position = lab.ledger.position_of(plan.plan_id)
        assert position is not None
        assert position.status is PositionStatus.FAILED
        assert lab.plan_status(plan)[0] is PlanStatus.FAILED


@pytest.mark.proof
@pytest.mark.timeout(300)
def test_execution_killed_twice_is_still_safe(database: Engine) -> None:
    calls, _ = calls_of_undisturbed_run(database, (LONG, SHORT))
    for first in range(0, calls, 5):
        lab = fresh(database, LONG, SHORT)
        for run, before in enumerate((first, first // 2, 7), start=1):
            try:
                execute(lab, Tripwire(before), f"run-{run}")
            except Killed:
                lab.end_leases()
        execute(lab, Tripwire(), "run-9")
        assert_safe(lab)
        assert {lab.plan_status(plan)[0] for plan in (LONG, SHORT)} <= {PlanStatus.EXECUTED, PlanStatus.FAILED}


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("case", "step"), swept_in_turns(MANAGED))
def test_management_killed_anywhere_ends_the_same(database: Engine, case: str, step: int) -> None:
    def opened() -> Lab:
        lab = fresh(database, {"next_bar": BY_MOMENTUM, "opposite": BY_OPPOSITE}.get(case, LONG))
        enter(lab)
        if case == "signal_exit":
            store_signal(database, exit_signal(LONG, NEXT))
        if case == "opposite":
            store_plan(database, AGAINST, PlanStatus.HISTORICAL)
        lab.clock.set(NEXT)
        lab.venue.move("BTCUSDT.BYBIT", Decimal(1010))
        if case == "passed":
            lab.venue.move("BTCUSDT.BYBIT", Decimal(998))
        if case == "naked":
            lab.venue.strip_stop("BTCUSDT.BYBIT")
            lab.venue.refuses_stops = True
        store_bar(database, "BTCUSDT.BYBIT", NEXT, lab.venue.prices["BTCUSDT.BYBIT"], 4.0, momentum=-12.0)
        return lab

    lab, wire = opened(), Tripwire()
    manage(lab, wire, "run-2")
    undisturbed = ledger_state(lab)
    held = {position.instrument_id: position.stop_loss for position in lab.venue.positions()}
    assert held.get("BTCUSDT.BYBIT") == MANAGED[case]
    for before in in_turns(len(wire.calls), case, MANAGED, step):
        lab = opened()
        with pytest.raises(Killed):
            manage(lab, Tripwire(before), "run-2")
        manage(lab, Tripwire(), "run-3")
        assert max(Counter(lab.venue.posts).values()) <= 1
        if lost_requests(lab):  # that exit is followed by one with the next number
            assert_flat(lab)
        else:
            assert ledger_state(lab) == undisturbed, f"killed before call {before}: {wire.calls[before]}"


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("case", "step"), swept_in_turns(FOLLOWED))
def test_following_killed_anywhere_ends_the_same(database: Engine, case: str, step: int) -> None:
    prices, stop = FOLLOWED[case]

    def filled() -> Lab:
        lab = fresh(database, LONG)
        enter(lab)
        store_bar(database, "BTCUSDT.BYBIT", NEXT, Decimal(1008), 2.0)
        lab.clock.set(NEXT)
        manage(lab, Tripwire(), "run-2")
        for price in prices:
            lab.venue.move("BTCUSDT.BYBIT", Decimal(price))
        return lab

    lab, wire = filled(), Tripwire()
    follow(lab, wire, "run-3")
    undisturbed = ledger_state(lab)
    assert {position.stop_loss for position in lab.venue.positions()} == ({stop} if stop else set())
    for before in in_turns(len(wire.calls), case, FOLLOWED, step):
        lab = filled()
        with pytest.raises(Killed):
            follow(lab, Tripwire(before), "run-3")
        assert_safe(lab)
        follow(lab, Tripwire(), "run-4")
        assert max(Counter(lab.venue.posts).values()) <= 1
        assert lab.ledger.unfollowed_positions() == []
        if lost_requests(lab):  # that exit is followed by one with the next number
            assert_flat(lab)
        else:
            assert ledger_state(lab) == undisturbed, f"killed before call {before}: {wire.calls[before]}"


def assert_flat(lab: Lab) -> None:
    assert "BTCUSDT.BYBIT" not in {held.instrument_id for held in lab.venue.positions()}
    position = lab.ledger.position_of(LONG.plan_id)
    assert position is not None
    assert position.exit_reason in (
        ExitReason.BREAK_EVEN,
        ExitReason.PROTECTION_FAILED,
        ExitReason.NEXT_BAR_EXIT,
        ExitReason.SIGNAL_EXIT,
        ExitReason.OPPOSITE_SIGNAL,
    )

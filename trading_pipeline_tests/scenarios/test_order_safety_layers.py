"""Layers under kills and races: a position keeps its stop, its targets never sell more than there is, none is too many.

The position is 5 at 1000 with the stop at 990 and targets at 1010 and 1020.
"""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.postgres.database import connect
from trading_pipeline.domain.model.plans import ExitRules, PlanStatus, TradePlan
from trading_pipeline.domain.model.positions import PositionStatus, StopKind
from trading_pipeline.services.execution.claim_plans import claim_plans
from trading_pipeline.services.execution.follow_fills import follow_fills
from trading_pipeline.services.execution.gate_plans import gate_plans
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
    swept_in_turns,
)
from trading_pipeline_tests.testkit.execution_lab import Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.tripwire import Killed, Tripwire

RULES = ExitRules(max_layers=3)
FIRST = replace(trade_plan(), exit_rules=RULES)


def layer(price: str, stop: str, seconds: int = 0) -> TradePlan:
    """A plan one bar later, and some seconds where there are several."""
    made = trade_plan(close_time=NEXT - timedelta(seconds=seconds))
    return replace(made, entry_price=Decimal(price), stop_price=Decimal(stop), exit_rules=RULES)


CASES = {
    "tighter stop": (layer("1004", "994"), (), Decimal(994)),
    "looser stop": (layer("996", "986"), (), Decimal(990)),
    "after a target": (layer("1006", "996"), (1010,), Decimal("1003.8")),
    "target passed": (layer("1008", "1003"), (), Decimal("1005.3")),
}
"""The layer, what the price has reached before, and where the stop ends: ``test_layers.py`` has the sums."""


def opened(database: Engine, plan: TradePlan, reached: tuple[int, ...]) -> Lab:
    """The position, and the layer's plan waiting."""
    lab = fresh(database, FIRST)
    enter(lab)
    for price in reached:
        lab.venue.move("BTCUSDT.BYBIT", Decimal(price))
        follow_fills(context=lab.context("run-f"))
    lab.clock.set(NEXT)
    lab.venue.move("BTCUSDT.BYBIT", plan.entry_price)
    store_plan(database, plan)
    return lab


def stop(lab: Lab) -> Decimal:
    (held,) = lab.venue.positions()
    assert held.stop_loss is not None
    return held.stop_loss


def resting(lab: Lab) -> list[tuple[Decimal, Decimal | None]]:
    """Quantity and price of the targets."""
    intents = [lab.ledger.intent(one.order_link_id).intent for one in lab.venue.open_orders()]
    return [(intent.quantity, intent.price) for intent in intents]


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("case", "step"), swept_in_turns(CASES))
def test_a_layer_killed_anywhere_ends_the_same(database: Engine, case: str, step: int) -> None:
    """By turns the same run goes on, and another takes over."""
    plan, reached, expected = CASES[case]
    lab, wire = opened(database, plan, reached), Tripwire()
    before, targets = stop(lab), resting(lab)
    execute(lab, wire, "run-2")
    follow_fills(context=lab.context("run-f"))
    undisturbed, after = ledger_state(lab), resting(lab)
    assert stop(lab) == expected
    for call in in_turns(len(wire.calls), case, CASES, step):
        lab = opened(database, plan, reached)
        with pytest.raises(Killed):
            execute(lab, Tripwire(call), "run-2")
        assert_safe(lab)
        assert stop(lab) >= before
        follow_fills(context=lab.context("run-f"))
        assert_safe(lab)
        lab.end_leases()
        execute(lab, Tripwire(), ("run-2", "run-3")[call // step % 2])
        follow_fills(context=lab.context("run-f"))
        assert_safe(lab)
        lost = lost_requests(lab)
        if f"{plan.plan_id}_E" in lost:
            assert lab.plan_status(plan)[0] is PlanStatus.FAILED
            assert (stop(lab), resting(lab)) == (before, targets)
        elif lost:  # that target is followed by one with the next number
            assert (stop(lab), resting(lab)) == (expected, after)
        else:
            assert ledger_state(lab) == undisturbed, f"killed before call {call}: {wire.calls[call]}"


@pytest.mark.proof
@pytest.mark.timeout(300)
def test_following_a_layer_killed_anywhere_ends_the_same(database: Engine) -> None:
    """The run that executed died as its layer had filled; others that follow fills die on the way, too."""
    plan, reached, expected = CASES["after a target"]
    posted = _calls_until_posted(database)

    def filled() -> Lab:
        lab = opened(database, plan, reached)
        with pytest.raises(Killed):
            execute(lab, Tripwire(posted), "run-2")
        return lab

    lab, wire = filled(), Tripwire()
    follow(lab, wire, "run-f")
    undisturbed: State = ledger_state(lab)
    assert stop(lab) == expected
    for call in range(len(wire.calls)):
        lab = filled()
        with pytest.raises(Killed):
            follow(lab, Tripwire(call), "run-f")
        assert_safe(lab)
        follow(lab, Tripwire(), "run-f")
        assert_safe(lab)
        assert stop(lab) == expected
        if not lost_requests(lab):
            assert ledger_state(lab) == undisturbed, f"killed before call {call}: {wire.calls[call]}"


def _calls_until_posted(database: Engine) -> int:
    """Calls of the run up to the one that sends the layer, and that one."""
    plan, reached, _ = CASES["after a target"]
    lab, wire = opened(database, plan, reached), Tripwire()
    execute(lab, wire, "run-2")
    return wire.calls.index("FakeVenue.submit") + 1


@pytest.fixture
def crowded(database_url: str) -> Lab:
    """The position, reached over enough connections for everybody at once."""
    lab = Lab(connect(database_url))
    store_plan(lab.database, FIRST)
    execute(lab, Tripwire(), "run-1")
    lab.clock.set(NEXT)
    lab.venue.move("BTCUSDT.BYBIT", Decimal(1004))
    return lab


def together(*jobs: Callable[[], object]) -> list[object]:
    """Run the jobs at once; the first error of any of them is raised."""
    with ThreadPoolExecutor(len(jobs)) as pool:
        return [future.result() for future in [pool.submit(job) for job in jobs]]


def test_only_allowed_layers_come_of_many_at_once(crowded: Lab) -> None:
    plans = [layer("1004", "994", seconds) for seconds in range(6)]
    for plan in plans:
        store_plan(crowded.database, plan)
    claim = claim_plans(plans=crowded.ledger, clock=crowded.clock, run_id="run-2")
    jobs = [
        lambda plan=plan: gate_plans(context=crowded.context("run-2"), gate=crowded.gate, plans=[plan])
        for plan in claim.plans
    ]
    assert sorted(len(result.admitted) for result in together(*jobs)) == [0, 0, 0, 0, 1, 1]  # type: ignore[attr-defined]
    assert [entry.intent.layer for entry in crowded.ledger.entries_of(FIRST.plan_id)] == [1, 2, 3]


def test_runs_at_once_send_each_layer_once(crowded: Lab) -> None:
    for seconds in range(6):
        store_plan(crowded.database, layer("1004", "994", seconds))
    together(*[lambda run=run: execute(crowded, Tripwire(), run) for run in ("run-2", "run-3", "run-4")])
    follow(crowded, Tripwire(), "run-f")
    assert_safe(crowded)
    (held,) = crowded.venue.positions()
    assert (held.quantity, held.stop_loss) == (Decimal(15), Decimal(994))
    # 1002.67 and R = 8.67: 1 R at 1011.3, 2 R at 1020.0
    assert resting(crowded) == [(Decimal(6), Decimal("1011.3")), (Decimal(6), Decimal("1020.0"))]
    assert Counter(crowded.venue.posts) == Counter(crowded.venue.accepted)


def test_a_layer_meeting_a_target_averages_the_stop(crowded: Lab) -> None:
    plan = layer("1010", "1000")
    store_plan(crowded.database, plan)
    crowded.venue.move("BTCUSDT.BYBIT", Decimal(1010))
    together(
        *[lambda: follow(crowded, Tripwire(), "run-f")] * 3,
        lambda: execute(crowded, Tripwire(), "run-2"),
    )
    follow(crowded, Tripwire(), "run-f")
    assert_safe(crowded)
    position = crowded.ledger.position_of(plan.plan_id)
    assert position is not None
    # 3 at 1000 and 5 at 1010 make 1006.25
    assert (position.status, position.entry_price) == (PositionStatus.OPEN, Decimal("1006.25"))
    assert (stop(crowded), position.stop_kind) == (Decimal("1006.2"), StopKind.BREAK_EVEN)

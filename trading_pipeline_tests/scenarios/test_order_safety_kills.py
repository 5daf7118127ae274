"""A run is killed before every single call of a port, and run again.

Whatever the line: at most one order per link id, no filled position without a stop, and in the end
the same ledger as without the kill.
"""

from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import Engine, delete, text

from trading_pipeline.adapters.stores.execution.ledger_indicators import PostgresIndicatorReader
from trading_pipeline.adapters.stores.postgres.tables import metadata
from trading_pipeline.domain.model.plans import ExitRules, NextBarRule, Opposite, PlanStatus, TradePlan
from trading_pipeline.domain.model.positions import ExitReason, PositionStatus
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.services.execution.desk import Desk
from trading_pipeline.services.execution.execute_plans import execute_plans
from trading_pipeline.services.execution.follow_fills import follow_fills
from trading_pipeline.services.execution.manage_positions import manage_positions
from trading_pipeline_tests.testkit.trading_desk import (
    WAVE,
    Lab,
    exit_signal,
    store_bar,
    store_plan,
    store_signal,
    trade_plan,
)
from trading_pipeline_tests.testkit.tripwire import Killed, Tripwire

LONG, SHORT = trade_plan("BTCUSDT"), trade_plan("SOLUSDT", Bias.SHORT)
BY_MOMENTUM = replace(LONG, next_bar_rule=NextBarRule(Decimal(-11)))
NEXT = WAVE + Timeframe.M15.duration
BY_OPPOSITE = replace(LONG, exit_rules=ExitRules(opposite=Opposite.CLOSE))
AGAINST = trade_plan("BTCUSDT", Bias.SHORT, NEXT)

State = dict[str, list[tuple[object, ...]]]


def watched(lab: Lab, wire: Tripwire, run_id: str) -> Desk:
    desk = lab.desk(run_id)
    return replace(
        desk,
        ledger=wire.around(desk.ledger),
        trading=wire.around(desk.trading),
        halts=wire.around(desk.halts),
        signals=wire.around(desk.signals),
        clock=wire.around(desk.clock),
    )


def fresh(database: Engine, *plans: TradePlan) -> Lab:
    """The same plans on an empty ledger and an empty venue."""
    with database.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(delete(table))
    lab = Lab(database)
    for plan in plans:
        store_plan(database, plan)
    return lab


def execute(lab: Lab, wire: Tripwire, run_id: str) -> None:
    execute_plans(desk=watched(lab, wire, run_id), gate=wire.around(lab.gate), equity=wire.around(lab.equity))


def manage(lab: Lab, wire: Tripwire, run_id: str) -> None:
    manage_positions(
        desk=watched(lab, wire, run_id),
        indicators=wire.around(PostgresIndicatorReader(lab.database)),
        wave=NEXT,
        finest=Timeframe.M15,
    )


def ledger_state(lab: Lab) -> State:
    """Everything that must not depend on where a run died: no wall times, no run ids, no reasons."""
    queries = {
        "plans": "SELECT plan_id, status FROM trading.trade_plans",
        "intents": "SELECT order_link_id, signal_id, state, quantity, price, stop_loss, filled_quantity, average_price"
        " FROM trading.order_intents",
        "positions": "SELECT position_id, status, quantity, entry_quantity, entry_price, stop_price, stop_kind,"
        " runner_stop_price, booked_fills, realised_pnl, fees, funding, opened_at, closed_at, exit_reason,"
        " CASE WHEN status = 'open' THEN managed_through END, CASE WHEN status = 'open' THEN followed_fills END"
        " FROM trading.positions",
        "fills": "SELECT order_link_id, position_id, side, quantity, price, fee, kind FROM trading.fills",
    }
    with lab.database.connect() as connection:
        return {name: sorted(map(tuple, connection.execute(text(query))), key=str) for name, query in queries.items()}


def assert_safe(lab: Lab) -> None:
    assert max(Counter(lab.venue.posts).values(), default=0) <= 1, "a link id was sent twice"
    for held in lab.venue.positions():
        assert held.stop_loss is not None, f"{held.symbol} is naked"


def calls_of_undisturbed_run(database: Engine, plans: tuple[TradePlan, ...]) -> tuple[int, State]:
    lab = fresh(database, *plans)
    wire = Tripwire()
    execute(lab, wire, "run-1")
    return len(wire.calls), ledger_state(lab)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("second_run", "plans"),
    [("run-1", (LONG,)), ("run-2", (LONG, SHORT))],
    ids=["re-entered by the same run", "taken over by another"],
)
def test_execution_killed_before_any_call_ends_as_if_it_had_not_been(
    database: Engine, second_run: str, plans: tuple[TradePlan, ...]
) -> None:
    calls, undisturbed = calls_of_undisturbed_run(database, plans)
    assert calls > 20 * len(plans)
    for before in range(calls):
        lab = fresh(database, *plans)
        with pytest.raises(Killed):
            execute(lab, Tripwire(before), "run-1")
        assert_safe(lab)
        lab.end_leases()
        execute(lab, Tripwire(), second_run)
        assert_safe(lab)
        lost_request = _killed_between_commit_and_post(lab)
        if lost_request:
            assert_given_up_safely(lab, lost_request)
        else:
            assert ledger_state(lab) == undisturbed, f"killed before call {before}"


def _killed_between_commit_and_post(lab: Lab) -> list[str]:
    """Link ids that were marked sent and never left: the one place where a kill costs the order."""
    with lab.database.connect() as connection:
        absent = connection.execute(text("SELECT order_link_id FROM trading.order_intents WHERE state = 'absent'"))
        return [str(link_id) for link_id in absent.scalars()]


def assert_given_up_safely(lab: Lab, link_ids: list[str]) -> None:
    assert len(link_ids) == 1
    assert link_ids[0] not in lab.venue.accepted
    if link_ids[0].endswith("_E"):
        plan = next(plan for plan in (LONG, SHORT) if link_ids[0].startswith(plan.plan_id))
        position = lab.ledger.position_of(plan.plan_id)
        assert position is not None
        assert position.status is PositionStatus.FAILED
        assert lab.plan_status(plan)[0] is PlanStatus.FAILED


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
@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("break_even", Decimal("1000.0")),
        ("passed", None),
        ("naked", None),
        ("next_bar", None),
        ("signal_exit", None),
        ("opposite", None),
    ],
)
def test_management_killed_before_any_call_ends_as_if_it_had_not_been(
    database: Engine, case: str, expected: Decimal | None
) -> None:
    def opened() -> Lab:
        lab = fresh(database, {"next_bar": BY_MOMENTUM, "opposite": BY_OPPOSITE}.get(case, LONG))
        execute(lab, Tripwire(), "run-1")
        if case == "signal_exit":
            store_signal(database, exit_signal(LONG, NEXT))
        if case == "opposite":
            store_plan(database, AGAINST, PlanStatus.HISTORICAL)
        lab.clock.set(NEXT)
        lab.venue.move("BTCUSDT", Decimal(1010))
        if case == "passed":
            lab.venue.move("BTCUSDT", Decimal(998))
        if case == "naked":
            lab.venue.strip_stop("BTCUSDT")
            lab.venue.refuses_stops = True
        store_bar(database, "BTCUSDT", NEXT, lab.venue.prices["BTCUSDT"], 4.0, momentum=-12.0)
        return lab

    lab, wire = opened(), Tripwire()
    manage(lab, wire, "run-2")
    undisturbed = ledger_state(lab)
    held = {position.symbol: position.stop_loss for position in lab.venue.positions()}
    assert held.get("BTCUSDT") == expected
    for before in range(len(wire.calls)):
        lab = opened()
        with pytest.raises(Killed):
            manage(lab, Tripwire(before), "run-2")
        manage(lab, Tripwire(), "run-3")
        assert max(Counter(lab.venue.posts).values()) <= 1
        if _killed_between_commit_and_post(lab):  # that exit is followed by one with the next number
            assert_flat(lab)
        else:
            assert ledger_state(lab) == undisturbed, f"killed before call {before}: {wire.calls[before]}"


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("prices", "stop"),
    [((1010,), Decimal("1000.0")), ((1010, 998), None), ((1020,), Decimal("1002.0")), ((990,), None)],
)
def test_following_killed_before_any_call_ends_as_if_it_had_not_been(
    database: Engine, prices: tuple[int, ...], stop: Decimal | None
) -> None:
    """The first target; one the price came back from; the last, with a runner's stop waiting; the stop itself."""

    def filled() -> Lab:
        lab = fresh(database, LONG)
        execute(lab, Tripwire(), "run-1")
        store_bar(database, "BTCUSDT", NEXT, Decimal(1008), 2.0)
        lab.clock.set(NEXT)
        manage(lab, Tripwire(), "run-2")
        for price in prices:
            lab.venue.move("BTCUSDT", Decimal(price))
        return lab

    lab, wire = filled(), Tripwire()
    follow_fills(desk=watched(lab, wire, "run-3"))
    undisturbed = ledger_state(lab)
    assert {position.stop_loss for position in lab.venue.positions()} == ({stop} if stop else set())
    for before in range(len(wire.calls)):
        lab = filled()
        with pytest.raises(Killed):
            follow_fills(desk=watched(lab, Tripwire(before), "run-3"))
        assert_safe(lab)
        follow_fills(desk=watched(lab, Tripwire(), "run-4"))
        assert max(Counter(lab.venue.posts).values()) <= 1
        assert lab.ledger.unfollowed_positions() == []
        if _killed_between_commit_and_post(lab):  # that exit is followed by one with the next number
            assert_flat(lab)
        else:
            assert ledger_state(lab) == undisturbed, f"killed before call {before}: {wire.calls[before]}"


def assert_flat(lab: Lab) -> None:
    assert "BTCUSDT" not in {held.symbol for held in lab.venue.positions()}
    position = lab.ledger.position_of(LONG.plan_id)
    assert position is not None
    assert position.exit_reason in (
        ExitReason.BREAK_EVEN,
        ExitReason.PROTECTION_FAILED,
        ExitReason.NEXT_BAR_EXIT,
        ExitReason.SIGNAL_EXIT,
        ExitReason.OPPOSITE_SIGNAL,
    )

"""An operator's run is killed before every single call of a port, and given again; several operators act at once."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import dagster as dg
import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.postgres.database import connect
from trading_pipeline.defs.operations import jobs
from trading_pipeline.domain.model.commands import CommandOutcome, CommandVerb
from trading_pipeline.domain.model.errors import OrderDenied
from trading_pipeline.domain.model.positions import ExitReason
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.services.execution.halt_by_operator import halt_by_operator
from trading_pipeline_tests.scenarios.killed_runs import (
    enter,
    execute,
    fresh,
    ledger_state,
    lost_requests,
    reconcile,
    swept,
)
from trading_pipeline_tests.testkit.execution_jobs import ExecutionOfLab, run_job
from trading_pipeline_tests.testkit.execution_lab import Lab, operator_command, trade_plan
from trading_pipeline_tests.testkit.tripwire import Killed, Tripwire

LONG, SHORT = trade_plan("BTCUSDT.BYBIT"), trade_plan("SOLUSDT.BYBIT", Bias.SHORT)

Step = Callable[[Lab, Tripwire, str], dg.ExecuteInProcessResult]


def kill_switch(lab: Lab, wire: Tripwire, run_id: str) -> dg.ExecuteInProcessResult:
    """Halt everything and close everything, as one run."""
    command = {"on": True, "close": True, "actor": "ann", "reason": "because"}
    return run_job(jobs.kill_switch, ExecutionOfLab(lab, run_id, wire), {"switch": command})


def close(lab: Lab, wire: Tripwire, run_id: str) -> dg.ExecuteInProcessResult:
    """Close the long."""
    command = {"instrument": LONG.instrument_id, "actor": "ann", "reason": "because"}
    return run_job(jobs.close_position, ExecutionOfLab(lab, run_id, wire), {"close_out": command})


def move_stop(lab: Lab, wire: Tripwire, run_id: str) -> dg.ExecuteInProcessResult:
    """Tighten the stop of the long."""
    command = {"instrument": LONG.instrument_id, "price": "995", "actor": "ann", "reason": "because"}
    return run_job(jobs.move_stop, ExecutionOfLab(lab, run_id, wire), {"set_stop": command})


def cancel(lab: Lab, wire: Tripwire, run_id: str) -> dg.ExecuteInProcessResult:
    """Take back the first target of the long."""
    command = {"order_link_id": f"{LONG.plan_id}_TP1", "actor": "ann", "reason": "because"}
    return run_job(jobs.cancel_order, ExecutionOfLab(lab, run_id, wire), {"take_back": command})


def open_signal(lab: Lab, wire: Tripwire, run_id: str) -> dg.ExecuteInProcessResult:
    """Enter the long by its signal."""
    command = {"signal_id": LONG.signal_id, "actor": "ann", "reason": "because"}
    return run_job(jobs.open_from_signal, ExecutionOfLab(lab, run_id, wire), {"take_up": command})


def opened(database: Engine) -> Lab:
    lab = fresh(database, LONG, SHORT)
    enter(lab)
    return lab


def assert_flat(lab: Lab, instrument_ids: set[str]) -> None:
    assert instrument_ids.isdisjoint(held.instrument_id for held in lab.venue.positions())
    assert instrument_ids.isdisjoint(order.instrument_id for order in lab.venue.open_orders())
    assert max(Counter(lab.venue.posts).values()) == 1
    for plan in (LONG, SHORT):
        if plan.instrument_id in instrument_ids:
            position = lab.ledger.position_of(plan.plan_id)
            assert position is not None
            assert position.exit_reason is ExitReason.OPERATOR


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("order", "closed", "step"),
    swept({"close": (close, {"BTCUSDT.BYBIT"}), "kill switch": (kill_switch, {"BTCUSDT.BYBIT", "SOLUSDT.BYBIT"})}),
)
def test_a_close_killed_and_given_again_ends_alike(database: Engine, order: Step, closed: set[str], step: int) -> None:
    lab, wire = opened(database), Tripwire()
    order(lab, wire, "run-2")
    undisturbed = ledger_state(lab)
    assert_flat(lab, closed)
    for before in range(0, len(wire.calls), step):
        lab = opened(database)
        with pytest.raises(Killed):
            order(lab, Tripwire(before), "run-2")
        order(lab, Tripwire(), "run-3")
        assert_flat(lab, closed)
        if not lost_requests(lab):  # that exit is followed by one with the next number
            assert ledger_state(lab) == undisturbed, f"killed before call {before}: {wire.calls[before]}"


@pytest.mark.proof
@pytest.mark.timeout(300)
def test_a_killed_kill_switch_is_finished_later(database: Engine) -> None:
    lab, wire = opened(database), Tripwire()
    kill_switch(lab, wire, "run-2")
    stands = wire.calls.index("PostgresHaltRegister.halt") + 1
    for before in range(stands, len(wire.calls), 2):
        lab = opened(database)
        with pytest.raises(Killed):
            kill_switch(lab, Tripwire(before), "run-2")
        reconcile(lab, Tripwire(), "run-3")
        assert_flat(lab, {"BTCUSDT.BYBIT", "SOLUSDT.BYBIT"})


@pytest.mark.proof
@pytest.mark.timeout(300)
def test_a_killed_closing_reconciliation_is_carried_on(database: Engine) -> None:
    def halted() -> Lab:
        lab = opened(database)
        halt_by_operator(controls=lab.controls, command=operator_command(CommandVerb.HALT), flatten=True)
        return lab

    wire = Tripwire()
    reconcile(halted(), wire, "run-2")
    for before in range(1, len(wire.calls), 2):
        lab = halted()
        with pytest.raises(Killed):
            reconcile(lab, Tripwire(before), "run-2")
        reconcile(lab, Tripwire(), "run-3")
        assert_flat(lab, {"BTCUSDT.BYBIT", "SOLUSDT.BYBIT"})


@pytest.mark.parametrize("orders", [(close, close, close), (close, kill_switch, reconcile)])
def test_of_many_that_close_at_once_one_sends_the_order(database_url: str, orders: tuple[Step, ...]) -> None:
    lab = opened(connect(database_url))
    with ThreadPoolExecutor(len(orders)) as pool:
        runs = [pool.submit(order, lab, Tripwire(), f"run-{number}") for number, order in enumerate(orders, start=2)]
        ended = [run.result().run_id for run in runs]
    assert Counter(lab.venue.posts)[f"{LONG.plan_id}_CX"] == 1
    assert not any(
        link_id.startswith(f"{LONG.plan_id}_CX") for link_id in set(lab.venue.posts) - {f"{LONG.plan_id}_CX"}
    )
    outcomes = [record.outcome for run_id in ended for record in lab.commands.of(run_id)]
    assert CommandOutcome.DONE in outcomes
    assert outcomes.count(CommandOutcome.DONE) == outcomes.count(CommandOutcome.ASKED)
    assert CommandOutcome.FAILED not in outcomes


@pytest.mark.timeout(300)
@pytest.mark.parametrize("order", [move_stop, pytest.param(cancel, marks=pytest.mark.proof)])
def test_a_command_about_a_position_killed_and_given_again_ends_alike(database: Engine, order: Step) -> None:
    lab, wire = opened(database), Tripwire()
    order(lab, wire, "run-2")
    undisturbed, sent = ledger_state(lab), lab.venue.posts
    for before in range(len(wire.calls)):
        lab = opened(database)
        with pytest.raises(Killed):
            order(lab, Tripwire(before), "run-2")
        order(lab, Tripwire(), "run-3")
        told = f"killed before call {before}: {wire.calls[before]}"
        assert (ledger_state(lab), lab.venue.posts) == (undisturbed, sent), told
        assert all(held.stop_loss is not None for held in lab.venue.positions()), told


@pytest.mark.proof
@pytest.mark.timeout(300)
def test_an_opening_that_is_killed_and_asked_for_again_enters_once(database: Engine) -> None:
    lab, wire = fresh(database, LONG), Tripwire()
    open_signal(lab, wire, "run-2")
    undisturbed = ledger_state(lab)
    for before in range(len(wire.calls)):
        lab = fresh(database, LONG)
        with pytest.raises(Killed):
            open_signal(lab, Tripwire(before), "run-2")
        # What the dead run held the pipeline takes over; what it had not taken a person asks for again.
        lab.end_leases()
        execute(lab, Tripwire(), "run-3")
        with suppress(OrderDenied):
            open_signal(lab, Tripwire(), "run-4")
        assert max(Counter(lab.venue.posts).values(), default=0) <= 1
        if not lost_requests(lab):  # an entry whose request was lost is given up, and never sent again
            assert ledger_state(lab) == undisturbed, f"killed before call {before}: {wire.calls[before]}"

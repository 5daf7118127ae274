"""Entries stop while feed or worker give no sign of life."""

from dataclasses import replace

import pytest
from sqlalchemy import Engine

from trading_pipeline.domain.model.halts import Halt, HaltKind, HaltScope
from trading_pipeline.domain.model.heartbeats import Heartbeat
from trading_pipeline.domain.model.plans import PlanStatus
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.services.execution.dead_mans_switch import dead_mans_switch, gone
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

LONG_AGO_S = 3600.0
ALIVE = Heartbeat("feed", "up", 3.0), Heartbeat("worker-trading", "", 4.0)


@pytest.fixture
def lab(database: Engine) -> Lab:
    return Lab(database)


@pytest.mark.parametrize(
    ("beats", "watched_for_s", "missing"),
    [
        (ALIVE, LONG_AGO_S, ()),
        ((replace(ALIVE[0], age_s=21.0), ALIVE[1]), LONG_AGO_S, ("feed",)),
        ((ALIVE[0], replace(ALIVE[1], age_s=21.0)), LONG_AGO_S, ("worker-trading",)),
        ((*ALIVE, Heartbeat("worker-backfill", "", LONG_AGO_S)), LONG_AGO_S, ()),
        ((), LONG_AGO_S, ("feed", "worker-trading")),
        ((replace(ALIVE[0], age_s=LONG_AGO_S),), 19.0, ()),
    ],
    ids=["all alive", "feed", "worker", "backfill is not vital", "never came", "still coming up after a night"],
)
def test_what_is_missing(beats: tuple[Heartbeat, ...], watched_for_s: float, missing: tuple[str, ...]) -> None:
    assert gone(beats, watched_for_s) == missing


def test_no_plan_passes_the_gate_while_something_is_missing(lab: Lab) -> None:
    assert dead_mans_switch(context=lab.context(), missing=["feed"])
    plan = trade_plan()
    store_plan(lab.database, plan)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    status, reason = lab.plan_status(plan)
    assert status is PlanStatus.DENIED
    assert "no sign of life from feed" in reason


def test_it_is_told_once_and_ends_by_itself(lab: Lab) -> None:
    for missing in (["feed"], ["feed", "worker-trading"], [], []):
        dead_mans_switch(context=lab.context(), missing=missing)
    assert lab.postbox.subjects(Severity.CRITICAL) == [f"dead-man's switch: {ACCOUNT}"]
    assert lab.postbox.subjects(Severity.INFO) == [f"alive again: {ACCOUNT}"]
    assert lab.halts.halts() == []


def test_what_a_person_halted_stays_halted(lab: Lab) -> None:
    by_hand = Halt(HaltScope(ACCOUNT), "look first", WAVE)
    lab.halts.halt(by_hand)
    dead_mans_switch(context=lab.context(), missing=["feed"])
    dead_mans_switch(context=lab.context(), missing=[])
    assert lab.halts.halts() == [by_hand]
    assert by_hand.kind is HaltKind.HALT

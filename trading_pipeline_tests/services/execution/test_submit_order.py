"""Sending at most once."""

import signal
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from trading_pipeline.domain.model.errors import (
    OrderOutcomeUnknown,
    OrderRejectedByVenue,
    TemporaryVenueError,
    TradingForbiddenByVenue,
    TurnedAway,
)
from trading_pipeline.domain.model.halts import Halt, HaltScope
from trading_pipeline.domain.model.orders import IntentState
from trading_pipeline.domain.model.plans import PlanStatus
from trading_pipeline.domain.model.positions import PositionStatus
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.services.accounting.record_equity import record_equity
from trading_pipeline.services.execution.claim_plans import claim_plans
from trading_pipeline.services.execution.gate_plans import gate_plans
from trading_pipeline.services.execution.submit_order import SubmitOutcome, submit_order
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.fake_venue import Fault, ResponseLost

PLAN = trade_plan()
TIMEOUT = OrderOutcomeUnknown("no answer within 5 s")


@pytest.fixture
def lab(database: Engine) -> Lab:
    """An account with one admitted entry that was not sent yet."""
    lab = Lab(database)
    store_plan(database, PLAN)
    record_equity(trading=lab.venue, equity=lab.equity)
    claim = claim_plans(plans=lab.ledger, clock=lab.clock, run_id="run-1")
    gate_plans(context=lab.context(), gate=lab.gate, plans=claim.plans)
    return lab


def entry(lab: Lab, *, patient: bool = False) -> SubmitOutcome:
    context = lab.retrying_context() if patient else lab.context()
    return submit_order(context=context, order_link_id=f"{PLAN.plan_id}_E")


def test_an_acknowledged_order_is_not_sent_again(lab: Lab) -> None:
    assert entry(lab).state is IntentState.ACKNOWLEDGED
    again = entry(lab)
    assert (again.sent, len(lab.venue.posts)) == (False, 1)


def test_an_order_that_rests_is_not_waited_for(lab: Lab) -> None:
    lab.venue.holds_fills = True
    assert entry(lab).state is IntentState.ACKNOWLEDGED
    assert lab.pauses == []


@pytest.mark.parametrize(
    ("faults", "state", "posts", "accepted"),
    [
        ([ResponseLost()], IntentState.FILLED, 1, 1),
        ([TIMEOUT], IntentState.ABSENT, 1, 0),
        ([OrderRejectedByVenue("110007 balance")], IntentState.REJECTED, 1, 0),
        ([TradingForbiddenByVenue("10027 banned")], IntentState.REJECTED, 1, 0),
        ([TemporaryVenueError("an error nobody sorted")], IntentState.ABSENT, 1, 0),
        ([TurnedAway("10006", retry_after_s=0.7)], IntentState.ACKNOWLEDGED, 2, 1),
        ([TurnedAway("10006")] * 3, IntentState.INTENDED, 3, 0),
    ],
    ids=["answer lost", "request lost", "rejected", "forbidden", "unsorted", "limited once", "limited throughout"],
)
def test_what_becomes_of_a_request(
    lab: Lab, faults: Sequence[Fault], state: IntentState, posts: int, accepted: int
) -> None:
    lab.venue.faults["submit"] = list(faults)
    assert entry(lab).state is state
    assert (len(lab.venue.posts), len(lab.venue.accepted)) == (posts, accepted)


def test_an_unfound_order_stays_unknown_within_its_window(lab: Lab) -> None:
    lab.venue.faults["submit"] = [TIMEOUT]
    assert entry(lab, patient=True).state is IntentState.UNKNOWN
    assert entry(lab, patient=True).state is IntentState.UNKNOWN
    assert len(lab.venue.posts) == 1


def test_an_unknown_outcome_survives_a_venue_that_does_not_answer(lab: Lab) -> None:
    lab.venue.faults["submit"] = [ResponseLost()]
    lab.venue.faults["order"] = [TemporaryVenueError("down")] * 3
    assert entry(lab).state is IntentState.UNKNOWN
    assert entry(lab).state is IntentState.FILLED
    assert len(lab.venue.posts) == 1


def test_the_pause_the_venue_asks_for_is_kept(lab: Lab) -> None:
    lab.venue.faults["submit"] = [TurnedAway("10006", retry_after_s=0.7)]
    entry(lab)
    assert 0.7 in lab.pauses


@pytest.mark.parametrize(("scope", "posts"), [("all", 0), (PLAN.instrument_id, 0), ("SOLUSDT.BYBIT", 1)])
def test_a_later_halt_stops_an_admitted_entry(lab: Lab, scope: str, posts: int) -> None:
    lab.halts.halt(Halt(HaltScope(scope), "operator", WAVE))
    outcome = entry(lab)
    assert len(lab.venue.posts) == posts
    if not posts:
        assert (outcome.state, outcome.reason) == (
            IntentState.EXPIRED,
            f"{scope} halted since 2025-11-03 12:00 UTC: operator",
        )
        position = lab.ledger.position_of(PLAN.plan_id)
        assert position is not None
        assert position.status is PositionStatus.FAILED


def test_an_entry_past_its_time_expires_unsent(lab: Lab) -> None:
    lab.clock.set(WAVE + timedelta(minutes=15, seconds=1))
    assert entry(lab).state is IntentState.EXPIRED
    assert lab.venue.posts == []
    assert lab.plan_status(PLAN)[0] is PlanStatus.EXPIRED


def test_an_entry_in_what_the_venue_lists_no_more_expires_unsent(lab: Lab) -> None:
    context = replace(lab.context(), instruments={})
    outcome = submit_order(context=context, order_link_id=f"{PLAN.plan_id}_E")
    assert (outcome.state, outcome.reason) == (IntentState.EXPIRED, "the venue lists the instrument no more")
    assert lab.venue.posts == []


def test_the_last_valid_instant_is_still_valid(lab: Lab) -> None:
    lab.clock.set(PLAN.valid_until)
    assert entry(lab).state is IntentState.ACKNOWLEDGED


def test_a_rejected_entry_fails_its_position_and_names_the_reason(lab: Lab) -> None:
    lab.venue.faults["submit"] = [OrderRejectedByVenue("110007: insufficient balance")]
    entry(lab)
    position = lab.ledger.position_of(PLAN.plan_id)
    assert position is not None
    assert position.status is PositionStatus.FAILED
    assert lab.plan_status(PLAN) == (PlanStatus.REJECTED, "entry rejected: 110007: insufficient balance")
    assert lab.postbox.subjects(Severity.WARNING) == ["rejected: BTCUSDT.BYBIT entry"]


def test_an_account_that_may_not_trade_is_halted(lab: Lab) -> None:
    lab.venue.faults["submit"] = [TradingForbiddenByVenue("10027: banned")]
    entry(lab)
    assert [halt.scope for halt in lab.halts.halts()] == [ACCOUNT]
    assert lab.postbox.subjects(Severity.CRITICAL) == [f"halted: {ACCOUNT}"]


def test_without_leverage_nothing_is_sent(lab: Lab) -> None:
    lab.venue.faults["set_leverage"] = [TemporaryVenueError("down")] * 3
    outcome = entry(lab)
    assert (outcome.state, lab.venue.posts) == (IntentState.INTENDED, [])
    assert "leverage could not be set: down" in outcome.reason


def test_an_order_declared_absent_that_shows_up_after_all_is_booked(lab: Lab) -> None:
    lab.venue.faults["submit"] = [TIMEOUT]
    assert entry(lab).state is IntentState.ABSENT
    lab.venue.submit(lab.ledger.intent(f"{PLAN.plan_id}_E").intent)
    for fill in lab.venue.fills(WAVE):
        lab.ledger.apply_fill(fill)
    position = lab.ledger.position_of(PLAN.plan_id)
    assert position is not None
    assert position.status is PositionStatus.OPEN
    assert lab.plan_status(PLAN)[0] is PlanStatus.EXECUTED


class Ended(BaseException):
    """Somebody ends the process."""


@pytest.fixture
def ending() -> Iterator[None]:
    """SIGTERM ends what the main thread is at, as Dagster has it while an op runs."""

    def end(number: int, _: object) -> None:
        raise Ended(number)

    before = signal.signal(signal.SIGTERM, end)
    yield
    assert signal.signal(signal.SIGTERM, before) is end


@pytest.mark.usefixtures("ending")
def test_a_shutdown_waits_for_the_requests_row(lab: Lab) -> None:
    lab.venue.on_fill = lambda fill: signal.raise_signal(signal.SIGTERM)
    with pytest.raises(Ended):
        entry(lab)
    record = lab.ledger.intent(f"{PLAN.plan_id}_E")
    assert (record.state, record.venue_order_id) == (IntentState.ACKNOWLEDGED, f"v-{PLAN.plan_id}_E")
    assert lab.venue.posts == [f"{PLAN.plan_id}_E"]


@pytest.mark.usefixtures("ending")
def test_a_shutdown_before_the_request_sends_nothing(lab: Lab) -> None:
    lab.venue.set_leverage = lambda *_: signal.raise_signal(signal.SIGTERM)  # type: ignore[method-assign]
    with pytest.raises(Ended):
        entry(lab)
    assert lab.ledger.intent(f"{PLAN.plan_id}_E").state is IntentState.INTENDED
    assert lab.venue.posts == []

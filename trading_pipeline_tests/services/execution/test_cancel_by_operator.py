"""A person takes back one order that rests."""

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from trading_pipeline.domain.model.commands import CommandOutcome, CommandVerb
from trading_pipeline.domain.model.entry_orders import EntryOrder
from trading_pipeline.domain.model.errors import ConfigurationError, OrderDenied, TemporaryVenueError, VenueError
from trading_pipeline.domain.model.identity import AccountId
from trading_pipeline.domain.model.orders import IntentState, OrderType, Purpose
from trading_pipeline.domain.model.plans import PlanStatus
from trading_pipeline.domain.model.positions import PositionStatus, StopKind
from trading_pipeline.services.execution.cancel_by_operator import cancel_by_operator, require_cancellable
from trading_pipeline.services.execution.follow_fills import follow_fills
from trading_pipeline.services.execution.reconcile_account import reconcile_account
from trading_pipeline_tests.testkit.execution_lab import Lab, operator_command, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

RULE = EntryOrder(OrderType.LIMIT, timeout_s=15, partial_timeout_s=20, max_retries=2, reprice_bps=Decimal(5))
LONG = trade_plan()
LIMIT = replace(LONG, entry_order=RULE)
BTC = LONG.instrument_id
ENTRY, TP1, TP2 = (f"{LONG.plan_id}_{purpose}" for purpose in ("E", "TP1", "TP2"))


@pytest.fixture
def held(database: Engine) -> Lab:
    """An account with a long of 5, its stop at 990 and two targets that rest."""
    lab = Lab(database)
    store_plan(database, LONG)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    return lab


@pytest.fixture
def resting(database: Engine) -> Lab:
    """An account whose limit entry of 5 at 1000 rests below the price."""
    lab = Lab(database)
    lab.venue.holds_fills = True
    lab.venue.prices[BTC] = Decimal(1005)
    store_plan(database, LIMIT)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    return lab


def cancel(lab: Lab, link_id: str, reason: str = "news") -> str:
    command = operator_command(CommandVerb.CANCEL, BTC, reason)
    return cancel_by_operator(
        open_context=lambda: lab.context("run-c"), controls=lab.controls, command=command, order_link_id=link_id
    )


def rests(lab: Lab) -> list[str]:
    return [one.order_link_id for one in lab.venue.open_orders()]


def told(lab: Lab) -> list[tuple[CommandOutcome, str]]:
    return [(one.outcome, one.detail) for one in lab.commands.of("c-1")]


def test_an_entry_that_rests_is_taken_back_and_nothing_follows_it(resting: Lab) -> None:
    said = cancel(resting, ENTRY)
    assert said == f"order {ENTRY} is cancelled, 0 of it filled"
    follow_fills(context=resting.context("run-2"))
    assert (rests(resting), resting.venue.posts) == ([], [ENTRY])
    position = resting.ledger.position_of(LONG.plan_id)
    assert position is not None
    assert position.status is PositionStatus.FAILED
    assert resting.plan_status(LIMIT)[0] not in (PlanStatus.CLAIMED, PlanStatus.NEW)
    assert told(resting) == [(CommandOutcome.ASKED, f"cancel order {ENTRY}"), (CommandOutcome.DONE, said)]


def test_taking_back_twice_is_taking_back_once(resting: Lab) -> None:
    cancel(resting, ENTRY)
    assert cancel(resting, ENTRY) == f"order {ENTRY} is cancelled, 0 of it filled"


def test_what_an_entry_has_filled_stays_with_its_stop_and_gets_its_targets(resting: Lab) -> None:
    resting.venue.fill(ENTRY, Decimal(2), Decimal(1000))
    assert cancel(resting, ENTRY) == f"order {ENTRY} is cancelled, 2 of it filled"
    (position,) = resting.venue.positions()
    assert (position.quantity, position.stop_loss) == (Decimal(2), Decimal(990))
    assert rests(resting) == [TP1, TP2]
    assert resting.ledger.intent(TP1).intent.quantity == Decimal("0.8")
    assert resting.plan_status(LIMIT)[0] is PlanStatus.EXECUTED


def test_an_entry_that_fills_while_it_is_taken_back_is_a_position_like_any_other(resting: Lab) -> None:
    resting.venue.before_cancel = lambda: resting.venue.fill(ENTRY, Decimal(5), Decimal(1000))
    assert cancel(resting, ENTRY) == f"order {ENTRY} is filled, 5 of it filled"
    assert rests(resting) == [TP1, TP2]


def test_a_target_that_is_taken_back_stays_away_and_the_stop_stays(held: Lab) -> None:
    cancel(held, TP1)
    follow_fills(context=held.context("run-2"))
    assert reconcile_account(context=held.context("run-r")).differences == ()
    (position,) = held.venue.positions()
    assert (rests(held), position.stop_loss) == ([TP2], Decimal(990))
    assert held.venue.posts == [ENTRY, TP1, TP2]


def test_after_the_last_target_the_runner_has_the_whole_position(held: Lab) -> None:
    held.ledger.set_runner_stop(LONG.plan_id, Decimal(995))
    cancel(held, TP1)
    cancel(held, TP2)
    position = held.ledger.position_of(LONG.plan_id)
    assert position is not None
    assert (position.stop_price, position.stop_kind) == (Decimal(995), StopKind.TRAILING_STOP)
    assert held.venue.positions()[0].stop_loss == Decimal(995)


def test_a_market_order_is_refused(held: Lab) -> None:
    with pytest.raises(OrderDenied, match="is a market order, which does not rest"):
        cancel(held, ENTRY)
    assert told(held)[-1][0] is CommandOutcome.FAILED


def test_an_exit_a_filled_target_and_another_accounts_order_are_refused(held: Lab) -> None:
    target = held.ledger.intent(TP1)
    with pytest.raises(OrderDenied, match="is filled already"):
        require_cancellable(replace(target, state=IntentState.FILLED))
    with pytest.raises(OrderDenied, match=r"is an order of .* not of BYBIT:9:live"):
        require_cancellable(target, AccountId("BYBIT:9:live"))
    cancel_of_exit = replace(target, intent=replace(target.intent, purpose=Purpose.OPERATOR_EXIT))
    with pytest.raises(OrderDenied, match=r"leaves a position \(operator_exit\) and is seen through"):
        require_cancellable(cancel_of_exit)


def test_no_id_of_a_stop_is_an_order_of_ours(held: Lab) -> None:
    with pytest.raises(ConfigurationError, match="no order intent 'stop-of-btc' is stored"):
        cancel(held, "stop-of-btc")
    with pytest.raises(ConfigurationError, match="without a reason"):
        cancel(held, TP1, reason=" ")
    assert (held.venue.positions()[0].stop_loss, rests(held)) == (Decimal(990), [TP1, TP2])


def test_a_cancellation_that_the_venue_does_not_answer_is_recorded_as_failed_and_may_be_repeated(held: Lab) -> None:
    held.venue.faults["cancel"] = [TemporaryVenueError("down")]
    with pytest.raises(VenueError):
        cancel(held, TP1)
    assert (told(held)[-1], rests(held)) == ((CommandOutcome.FAILED, "down"), [TP1, TP2])
    cancel(held, TP1)
    assert rests(held) == [TP2]

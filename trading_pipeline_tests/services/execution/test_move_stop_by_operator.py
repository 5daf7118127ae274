"""A person moves the stop of an open position, and no run moves it back."""

from decimal import Decimal

import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.execution.ledger_indicators import PostgresIndicatorReader
from trading_pipeline.domain.model.commands import CommandOutcome, CommandVerb
from trading_pipeline.domain.model.errors import (
    ConfigurationError,
    OrderDenied,
    OrderOutcomeUnknown,
    TemporaryVenueError,
    UnknownName,
    VenueError,
)
from trading_pipeline.domain.model.positions import ExitReason, Position, PositionStatus, StopKind
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.services.execution.follow_fills import follow_fills
from trading_pipeline.services.execution.manage_positions import manage_positions
from trading_pipeline.services.execution.move_stop_by_operator import StopMoved, StopWanted, move_stop_by_operator
from trading_pipeline.services.execution.reconcile_account import reconcile_account
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, operator_command, store_bar, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

LONG = trade_plan()
BTC = LONG.instrument_id
NEXT = WAVE + Timeframe.M15.duration


@pytest.fixture
def lab(database: Engine) -> Lab:
    """An account with a long of 5 at 1000, its stop at 990, its targets at 1010 and 1020."""
    lab = Lab(database)
    store_plan(database, LONG)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    return lab


def move(lab: Lab, price: str, *, loosen: bool = False, position_id: str = "", reason: str = "news") -> StopMoved:
    command = operator_command(CommandVerb.MOVE_STOP, BTC, reason)
    wanted = StopWanted(Decimal(price), loosen, position_id)
    return move_stop_by_operator(
        open_context=lambda: lab.context("run-m"), controls=lab.controls, command=command, wanted=wanted
    )


def close_of(lab: Lab, close: int, atr: float = 1.0) -> None:
    """A bar closes, and positions are looked after."""
    lab.clock.set(NEXT)
    store_bar(lab.database, BTC, NEXT, Decimal(close), atr)
    indicators = PostgresIndicatorReader(lab.database)
    manage_positions(context=lab.context("run-2"), indicators=indicators, wave=NEXT, finest=Timeframe.M15)


def stood(lab: Lab) -> tuple[Decimal | None, Decimal, StopKind | None]:
    """The stop at the venue, the ledger's, and what set it."""
    (held,) = lab.venue.positions()
    ours = position(lab)
    return held.stop_loss, ours.stop_price, ours.stop_kind


def position(lab: Lab) -> Position:
    found = lab.ledger.position_of(LONG.plan_id)
    assert found is not None
    return found


def told(lab: Lab) -> list[tuple[CommandOutcome, str]]:
    return [(one.outcome, one.detail) for one in lab.commands.of("c-1")]


def test_a_tighter_stop_stands_at_the_venue_and_is_on_record(lab: Lab) -> None:
    said = move(lab, "995").said
    assert said == f"moved the stop of {LONG.plan_id} from 990.0 to 995"
    assert stood(lab) == (Decimal(995), Decimal(995), StopKind.OPERATOR_STOP)
    assert told(lab) == [(CommandOutcome.ASKED, "stop to 995"), (CommandOutcome.DONE, said)]
    assert move(lab, "995").said == f"the stop of {LONG.plan_id} stands at 995 already"


def test_reconciliation_and_the_next_close_leave_a_tighter_stop_where_it_is(lab: Lab) -> None:
    move(lab, "995")
    reconcile_account(context=lab.context("run-r"))
    close_of(lab, 1001)
    assert stood(lab) == (Decimal(995), Decimal(995), StopKind.OPERATOR_STOP)
    lab.venue.move(BTC, Decimal(1010))
    follow_fills(context=lab.context("run-3"))
    assert stood(lab) == (Decimal(1000), Decimal(1000), StopKind.BREAK_EVEN)


def test_a_looser_stop_is_refused_unless_it_is_said_to_be(lab: Lab) -> None:
    with pytest.raises(OrderDenied, match="985 is looser than the present stop 990"):
        move(lab, "985")
    assert stood(lab) == (Decimal(990), Decimal(990), StopKind.STOP_LOSS)
    move(lab, "985", loosen=True)
    assert stood(lab) == (Decimal(985), Decimal(985), StopKind.HELD_STOP)


def test_targets_closes_and_reconciliation_leave_a_loosened_stop_where_it_is(lab: Lab) -> None:
    move(lab, "985", loosen=True)
    lab.venue.move(BTC, Decimal(1020))
    follow_fills(context=lab.context("run-3"))
    close_of(lab, 1030)
    assert reconcile_account(context=lab.context("run-r")).differences == ()
    assert stood(lab) == (Decimal(985), Decimal(985), StopKind.HELD_STOP)
    assert not [subject for _, subject, _ in lab.postbox.messages if "stop repaired" in subject]


def test_a_loosened_stop_is_let_go_by_the_next_command_that_does_not_loosen(lab: Lab) -> None:
    move(lab, "985", loosen=True)
    lab.venue.move(BTC, Decimal(1010))
    follow_fills(context=lab.context("run-3"))
    move(lab, "986")
    assert stood(lab) == (Decimal(986), Decimal(986), StopKind.OPERATOR_STOP)
    close_of(lab, 1011)
    assert stood(lab) == (Decimal(1000), Decimal(1000), StopKind.BREAK_EVEN)


def test_an_exit_at_the_stop_has_its_name(lab: Lab) -> None:
    move(lab, "995")
    lab.venue.move(BTC, Decimal(994))
    follow_fills(context=lab.context("run-3"))
    reconcile_account(context=lab.context("run-r"))
    left = position(lab)
    assert (left.status, left.exit_reason) == (PositionStatus.CLOSED, ExitReason.OPERATOR_STOP)


def test_a_stop_that_the_price_has_passed_is_refused_and_the_old_one_stands(lab: Lab) -> None:
    with pytest.raises(OrderDenied, match=r"the price has passed 1000, .* the stop stays at 990"):
        move(lab, "1000")
    assert stood(lab) == (Decimal(990), Decimal(990), StopKind.STOP_LOSS)
    assert told(lab)[-1][0] is CommandOutcome.FAILED


def test_a_lost_answer_is_looked_at_and_never_taken_for_a_success(lab: Lab) -> None:
    lab.venue.faults["set_stop_loss"] = [OrderOutcomeUnknown("connection lost")]
    with pytest.raises(OrderOutcomeUnknown):
        move(lab, "995")
    assert stood(lab) == (Decimal(990), Decimal(990), StopKind.STOP_LOSS)
    lab.venue.set_stop_loss(BTC, Decimal(995))
    lab.venue.faults["set_stop_loss"] = [OrderOutcomeUnknown("connection lost")]
    move(lab, "995")
    assert stood(lab) == (Decimal(995), Decimal(995), StopKind.OPERATOR_STOP)


def test_an_acceptance_without_the_stop_is_no_success(lab: Lab) -> None:
    lab.venue.set_stop_loss = lambda instrument_id, stop_price: None  # type: ignore[method-assign]
    with pytest.raises(VenueError, match="the venue accepted 995 and says that the stop is at 990"):
        move(lab, "995")
    assert position(lab).stop_price == Decimal(990)


def test_what_is_not_open_or_not_meant_is_refused(lab: Lab) -> None:
    with pytest.raises(UnknownName, match="no position of ours with id other is open"):
        move(lab, "995", position_id="other")
    with pytest.raises(ConfigurationError, match="without a reason"):
        move(lab, "995", reason=" ")
    with pytest.raises(ConfigurationError, match=r"995.01 is no price of BTCUSDT.BYBIT; the nearest is 995.0"):
        move(lab, "995.01")
    assert stood(lab) == (Decimal(990), Decimal(990), StopKind.STOP_LOSS)


def test_a_venue_that_does_not_answer_is_told_and_nothing_is_remembered(lab: Lab) -> None:
    lab.venue.faults["set_stop_loss"] = [TemporaryVenueError("down")]
    lab.venue.faults["positions"] = [TemporaryVenueError("down")] * 9
    with pytest.raises(TemporaryVenueError):
        move(lab, "995")
    assert (position(lab).stop_price, told(lab)[-1]) == (Decimal(990), (CommandOutcome.FAILED, "down"))

"""Which positions a pass leaves alone: those about which nothing is left to do."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, text

from trading_pipeline.domain.model.errors import TemporaryVenueError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.orders import Purpose, Side
from trading_pipeline.services.execution.close_position import close_position
from trading_pipeline.services.execution.follow_fills import follow_position
from trading_pipeline.services.execution.settle_orders import settle_orders
from trading_pipeline.services.execution.standing_positions import Standing, standing_positions
from trading_pipeline_tests.testkit.execution_lab import Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

PLAN = trade_plan()
BTC = InstrumentId(PLAN.instrument_id)


@pytest.fixture
def lab(database: Engine) -> Lab:
    """An account with one open long: 5 at 1000, stop 990, targets 2 at 1010 and 2 at 1020."""
    lab = Lab(database)
    store_plan(database, PLAN)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    return lab


def standing(lab: Lab) -> Standing:
    live = lab.ledger.live_positions()
    return standing_positions(context=lab.context("run-2"), positions=live, plans={PLAN.plan_id: PLAN})


def stands(lab: Lab) -> bool:
    found = standing(lab)
    return any(found.includes(one) for one in lab.ledger.live_positions())


def test_a_protected_position_with_its_targets_stands(lab: Lab) -> None:
    posts = list(lab.venue.posts)
    assert stands(lab)
    follow_position(context=lab.context("run-2"), plan=PLAN)
    assert lab.venue.posts == posts


def test_without_positions_the_venue_is_not_asked(database: Engine) -> None:
    lab = Lab(database)
    lab.venue.faults["positions"] = [TemporaryVenueError("asked")]
    assert standing_positions(context=lab.context(), positions=[], plans={}) == Standing({})
    assert lab.venue.faults["positions"]


def target_fills(lab: Lab) -> None:
    lab.clock.advance(timedelta(seconds=60))
    lab.venue.move(BTC, Decimal(1010))


def target_fills_and_is_booked(lab: Lab) -> None:
    target_fills(lab)
    settle_orders(context=lab.context("feed"))


def venue_holds(**change: object) -> Callable[[Lab], None]:
    def disturb(lab: Lab) -> None:
        lab.venue.hold(replace(lab.venue.positions()[0], **change))  # type: ignore[arg-type]

    return disturb


def stored(change: str) -> Callable[[Lab], None]:
    def disturb(lab: Lab) -> None:
        with lab.database.begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            connection.execute(text(change))

    return disturb


def exit_begins(lab: Lab) -> None:
    """No request of it arrives."""
    lab.venue.faults["submit"] = [TemporaryVenueError("cut off")] * 9
    assert not close_position(context=lab.context("run-x"), plan=PLAN, purpose=Purpose.NEXT_BAR_EXIT)


def venue_is_silent(lab: Lab) -> None:
    lab.venue.faults["positions"] = [TemporaryVenueError("no answer")]


DISTURBED = {
    "a target filled at the venue alone": target_fills,
    "a target filled and nobody answered": target_fills_and_is_booked,
    "no stop at the venue": lambda lab: lab.venue.strip_stop(BTC),
    "a looser stop": venue_holds(stop_loss=Decimal(900)),
    "a tighter stop": venue_holds(stop_loss=Decimal(995)),
    "less is held": venue_holds(quantity=Decimal(4)),
    "the other side is held": venue_holds(side=Side.SELL),
    "flat at the venue": lambda lab: lab.venue.hold(replace(lab.venue.positions()[0], quantity=Decimal(0))),
    "the venue does not answer": venue_is_silent,
    "a target was not sent": stored("UPDATE trading.order_intents SET state = 'intended' WHERE purpose = 'TP2'"),
    "a target's fate is unknown": stored("UPDATE trading.order_intents SET state = 'unknown' WHERE purpose = 'TP2'"),
    "a target never arrived": stored("UPDATE trading.order_intents SET state = 'absent' WHERE purpose = 'TP2'"),
    "a target was never written": stored("DELETE FROM trading.order_intents WHERE purpose = 'TP2'"),
    "both targets are gone": stored("UPDATE trading.order_intents SET state = 'cancelled' WHERE purpose LIKE 'TP%'"),
    "the entry may still fill": stored("UPDATE trading.order_intents SET state = 'acknowledged' WHERE purpose = 'E'"),
    "an exit was begun": exit_begins,
    "targets would sell more than is held": stored(
        "UPDATE trading.order_intents SET quantity = 4 WHERE purpose = 'TP2'"
    ),
    "more was reported than booked": stored(
        "UPDATE trading.order_intents SET quantity = 6, filled_quantity = 6 WHERE purpose = 'E'"
    ),
}


@pytest.mark.parametrize("disturb", DISTURBED.values(), ids=DISTURBED.keys())
def test_one_with_anything_left_to_do_does_not(lab: Lab, disturb: Callable[[Lab], None]) -> None:
    if disturb is DISTURBED["both targets are gone"]:  # what is left is the runner, and its stop is known
        lab.ledger.set_runner_stop(PLAN.plan_id, Decimal(995))
    disturb(lab)
    assert not stands(lab)


def test_what_changes_after_the_look_does_not_stand(lab: Lab) -> None:
    found = standing(lab)
    target_fills_and_is_booked(lab)
    (now,) = lab.ledger.live_positions()
    assert not found.includes(now)

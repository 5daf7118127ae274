"""What reconciliation mends by itself where the configuration says so: late, once, on record, and still halted."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, text

from trading_pipeline.domain.model.fills import FillKind
from trading_pipeline.domain.model.orders import Side
from trading_pipeline.domain.model.positions import ExitReason, PositionStatus
from trading_pipeline.domain.risk.differences import DifferenceKind
from trading_pipeline.domain.risk.limit_sections import ReconciliationLimits
from trading_pipeline.services.execution.reconcile_account import reconcile_account
from trading_pipeline_tests.services.execution.test_reconcile_account import by_hand
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.execution_lab import LIMITS, Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

PLAN = trade_plan()
BTC = PLAN.instrument_id
BOTH = (DifferenceKind.UNKNOWN_ORDER, DifferenceKind.MISSING_POSITION)


@pytest.fixture
def lab(database: Engine) -> Lab:
    """An account with one open, protected long of 5."""
    lab = Lab(database)
    store_plan(database, PLAN)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    return lab


def reconcile(lab: Lab, autofix: Sequence[DifferenceKind] = BOTH) -> dict[str, str]:
    """What was mended a minute later."""
    lab.clock.advance(timedelta(minutes=1))
    limits = replace(LIMITS, reconciliation=ReconciliationLimits(tuple(autofix)))
    return reconcile_account(context=replace(lab.context("run-r"), limits=limits)).mended


def lose_position(lab: Lab) -> None:
    """It is gone at the venue, and the venue has no fill that tells how."""
    lab.venue.trade(BTC, Side.SELL, Decimal(5), Decimal(1003), FillKind.TRADE)
    lab.venue.forget_fill()


def kept(lab: Lab) -> list[tuple[str, int, bool]]:
    """Each difference: what was seen and done, how often, and whether it is gone."""
    query = "SELECT detail, sightings, gone_at IS NOT NULL FROM trading.reconciliation_log ORDER BY difference_id"
    with lab.database.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]  # type: ignore[misc]


def test_an_unknown_order_is_cancelled_at_second_sight(lab: Lab) -> None:
    lab.venue.submit(by_hand("by-hand"))
    said = [reconcile(lab), reconcile(lab), reconcile(lab)]
    assert said == [{}, {BTC: "order by-hand was taken back"}, {}]
    assert "by-hand" not in [order.order_link_id for order in lab.venue.open_orders()]
    found = "external: order by-hand rests and the ledger does not expect it; order by-hand was taken back"
    assert kept(lab) == [(found, 2, True)]
    assert [halt.scope for halt in lab.halts.halts()] == [f"{ACCOUNT}/{BTC}"]


def test_a_vanished_position_is_booked_out_unsent(lab: Lab) -> None:
    lose_position(lab)
    posts = list(lab.venue.posts)
    assert reconcile(lab) == {}
    assert reconcile(lab) == {BTC: "the ledger's 5.000 were booked out at 1000.00, the middle of the book"}
    position = lab.ledger.position_of(PLAN.plan_id)
    assert position is not None
    assert (position.status, position.exit_reason) == (PositionStatus.CLOSED, ExitReason.EXTERNAL)
    assert reconcile(lab) == {}
    assert [(sightings, gone) for _, sightings, gone in kept(lab)] == [(2, True)]
    assert lab.venue.posts == posts


def test_a_position_that_comes_back_between_two_comparisons_is_left_alone(lab: Lab) -> None:
    (held,) = lab.venue.positions()
    lose_position(lab)
    reconcile(lab)
    lab.venue.hold(held)
    assert reconcile(lab) == {}
    lose_position(lab)
    assert reconcile(lab) == {}
    assert [gone for _, _, gone in kept(lab)] == [True, False]


@pytest.mark.parametrize("autofix", [(), (DifferenceKind.UNKNOWN_ORDER,)])
def test_what_is_not_named_is_halted_and_told_as_ever(lab: Lab, autofix: Sequence[DifferenceKind]) -> None:
    lose_position(lab)
    assert [reconcile(lab, autofix) for _ in range(3)] == [{}, {}, {}]
    position = lab.ledger.position_of(PLAN.plan_id)
    assert position is not None
    assert position.status is PositionStatus.OPEN


def test_what_cannot_be_valued_is_not_mended(lab: Lab) -> None:
    lose_position(lab)
    book = lab.market.order_book(BTC)
    lab.market.books[BTC] = replace(book, asks=())
    reconcile(lab)
    assert reconcile(lab)[BTC].startswith("not mended: the book of BTCUSDT.BYBIT has no two sides")

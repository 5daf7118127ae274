"""Somebody else sells a part of a position: 5 long at 1000, targets of 2 at 1010 and 2 at 1020."""

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from trading_pipeline.domain.model.errors import TemporaryVenueError
from trading_pipeline.domain.model.fills import FillKind
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.orders import Side
from trading_pipeline.services.execution.follow_fills import follow_fills
from trading_pipeline_tests.testkit.execution_lab import Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans
from trading_pipeline_tests.testkit.tripwire import Killed, Tripwire

BTC = InstrumentId("BTCUSDT.BYBIT")
PLAN = trade_plan()


@pytest.fixture
def lab(database: Engine) -> Lab:
    lab = Lab(database)
    store_plan(database, PLAN)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    return lab


def sold_elsewhere(lab: Lab, quantity: str, kind: FillKind = FillKind.TRADE) -> None:
    lab.venue.trade(BTC, Side.SELL, Decimal(quantity), Decimal(1000), kind)
    follow_fills(context=lab.context("run-f"))


def targets(lab: Lab) -> dict[str, Decimal]:
    """What rests at the venue, by the end of its link id."""
    ids = [one.order_link_id for one in lab.venue.open_orders()]
    return {link_id.rpartition("_")[2]: lab.ledger.intent(link_id).intent.quantity for link_id in sorted(ids)}


@pytest.mark.parametrize(
    ("sold", "left"),
    [
        ("1", {"TP1": 2, "TP2": 2}),
        ("2", {"TP1": 2, "TP21": 1}),
        ("3", {"TP1": 2}),
        ("4", {"TP11": 1}),
    ],
)
@pytest.mark.parametrize("kind", [FillKind.TRADE, FillKind.VENUE])
def test_targets_sell_no_more_than_is_held(lab: Lab, sold: str, left: dict[str, int], kind: FillKind) -> None:
    assert targets(lab) == {"TP1": 2, "TP2": 2}
    sold_elsewhere(lab, sold, kind)
    assert targets(lab) == left
    follow_fills(context=lab.context("run-g"))
    assert targets(lab) == left


def test_what_was_cut_fills_and_moves_the_stop(lab: Lab) -> None:
    sold_elsewhere(lab, "4")
    lab.venue.move(BTC, Decimal(1010))
    follow_fills(context=lab.context("run-f"))
    assert lab.venue.positions() == []
    assert lab.venue.open_orders() == []


def test_one_that_cannot_be_taken_back_is_cut_later(lab: Lab) -> None:
    lab.venue.faults["cancel"] = [TemporaryVenueError("no answer")]
    sold_elsewhere(lab, "2")
    follow_fills(context=lab.context("run-g"))
    assert targets(lab) == {"TP1": 2, "TP21": 1}


def test_a_run_killed_before_any_call_leaves_the_same_targets(lab: Lab) -> None:
    lab.venue.trade(BTC, Side.SELL, Decimal(2), Decimal(1000), FillKind.TRADE)
    context, wire = lab.context("run-f"), Tripwire(0)
    while wire.before is not None:
        watched = replace(context, ledger=wire.around(context.ledger), trading=wire.around(context.trading))
        try:
            follow_fills(context=watched)
            break
        except Killed:
            wire = Tripwire(wire.before + 1)
    assert targets(lab) == {"TP1": 2, "TP21": 1}

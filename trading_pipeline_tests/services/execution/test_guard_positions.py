"""The second look at stops."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from trading_pipeline.domain.model.errors import TemporaryVenueError
from trading_pipeline.domain.model.fills import FillKind
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.orders import Side
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.services.execution.guard_positions import Naked, guard_positions
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

BTC = InstrumentId("BTCUSDT.BYBIT")


@pytest.fixture
def lab(database: Engine) -> Lab:
    """An account with one open, protected long."""
    lab = Lab(database)
    store_plan(database, trade_plan())
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    return lab


def look(lab: Lab, times: int) -> dict[InstrumentId, Naked]:
    """A second of venue time between two looks."""
    naked: dict[InstrumentId, Naked] = {}
    for _ in range(times):
        naked = guard_positions(context=lab.context("watchdog"), before=naked)
        lab.clock.advance(timedelta(seconds=1))
    return naked


def stop_of(lab: Lab) -> Decimal | None:
    return lab.venue.positions()[0].stop_loss


def test_a_protected_position_is_left_alone(lab: Lab) -> None:
    assert look(lab, 3) == {}
    assert lab.postbox.messages == []


def test_a_lost_stop_is_back_within_five_seconds(lab: Lab) -> None:
    lab.venue.strip_stop(BTC)
    began = lab.clock.now()
    assert look(lab, 1) == {BTC: Naked(WAVE, 1)}
    assert stop_of(lab) is None
    look(lab, 2)
    assert stop_of(lab) == Decimal(990)
    assert lab.clock.now() - began <= timedelta(seconds=5)
    assert lab.postbox.subjects(Severity.CRITICAL) == ["naked position: BTCUSDT.BYBIT"]


def test_a_hanging_runs_position_is_not_waited_for(lab: Lab) -> None:
    lab.venue.strip_stop(BTC)
    with lab.ledger.holding(trade_plan().plan_id):
        look(lab, 2)
    assert stop_of(lab) == Decimal(990)


def test_a_position_whose_stop_the_venue_refuses_is_closed(lab: Lab) -> None:
    lab.venue.strip_stop(BTC)
    lab.venue.refuses_stops = True
    look(lab, 2)
    assert lab.venue.positions() == []


def test_an_uncoverable_position_is_tried_again_later(lab: Lab) -> None:
    lab.venue.strip_stop(BTC)
    lab.venue.faults["set_stop_loss"] = [TemporaryVenueError("busy")] * 3
    look(lab, 16)
    assert lab.postbox.subjects(Severity.CRITICAL) == ["naked position: BTCUSDT.BYBIT", "stop not set: BTCUSDT.BYBIT"]
    look(lab, 2)
    assert stop_of(lab) == Decimal(990)


def test_what_no_plan_opened_is_told_once_and_never_touched(lab: Lab) -> None:
    lab.venue.trade("SOLUSDT.BYBIT", Side.BUY, Decimal(3), Decimal(1000), FillKind.TRADE)
    posts = list(lab.venue.posts)
    look(lab, 40)
    assert lab.postbox.subjects(Severity.CRITICAL) == ["naked position: SOLUSDT.BYBIT"]
    assert lab.venue.posts == posts

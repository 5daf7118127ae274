"""Several plans in one position: a real ledger and a fake venue.

The position is 5 at 1000 with the stop at 990, 2 at the target 1010 and 2 at 1020. A layer with its stop 10 away is
5 as well: 0.5 % of 10,000.
"""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from trading_pipeline.domain.model.errors import OrderRejectedByVenue, TemporaryVenueError
from trading_pipeline.domain.model.fills import FillKind
from trading_pipeline.domain.model.orders import IntentState, Purpose, Side
from trading_pipeline.domain.model.plans import ExitRules, PlanStatus, TradePlan
from trading_pipeline.domain.model.positions import ExitReason, Position, PositionStatus, StopKind
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.services.execution.claim_plans import claim_plans
from trading_pipeline.services.execution.follow_fills import follow_fills
from trading_pipeline.services.execution.gate_plans import gate_plans
from trading_pipeline.services.execution.reconcile_account import reconcile_account
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans
from trading_pipeline_tests.testkit.fake_venue import ResponseLost

BAR = Timeframe.M15.duration
FIRST = replace(trade_plan(), exit_rules=ExitRules(max_layers=3))


def layer(bars_later: int = 1, price: str = "1004", stop: str = "994", **changes: object) -> TradePlan:
    """A plan of the same strategy, some bars later."""
    made = trade_plan(close_time=WAVE + bars_later * BAR)
    prices = {"entry_price": Decimal(price), "stop_price": Decimal(stop)}
    return replace(made, exit_rules=FIRST.exit_rules, **(prices | changes))  # type: ignore[arg-type]


@pytest.fixture
def lab(database: Engine) -> Lab:
    """An account with the position open."""
    made = Lab(database)
    store_plan(database, FIRST)
    execute_plans(context=made.context(), gate=made.gate, equity=made.equity)
    made.venue.on_fill = made.ledger.apply_fill
    return made


def add(lab: Lab, plan: TradePlan) -> str:
    """Let the price be where the plan enters, and execute it; its status."""
    enter(lab, plan)
    return str(lab.plan_status(plan)[0])


def enter(lab: Lab, plan: TradePlan) -> None:
    lab.clock.set(plan.close_time)
    lab.venue.move(plan.instrument_id, plan.entry_price)
    store_plan(lab.database, plan)
    execute_plans(context=lab.context(plan.plan_id), gate=lab.gate, equity=lab.equity)


def reach(lab: Lab, price: int) -> None:
    """The price comes to a level, and what it filled is followed."""
    lab.clock.advance(timedelta(seconds=20))
    lab.venue.move("BTCUSDT.BYBIT", Decimal(price))
    follow_fills(context=lab.context("run-f"))


def position(lab: Lab) -> Position:
    found = lab.ledger.position_of(FIRST.plan_id)
    assert found is not None
    return found


def stop(lab: Lab) -> tuple[Decimal | None, StopKind | None]:
    """The stop at the venue, and what the ledger says put it there."""
    held = lab.venue.positions()
    return (held[0].stop_loss if held else None), position(lab).stop_kind


def targets(lab: Lab) -> list[tuple[str, str, str]]:
    """What rests: suffix of the link id, quantity, price."""
    resting = [report.order_link_id for report in lab.venue.open_orders() if report.reduce_only]
    intents = [lab.ledger.intent(link_id).intent for link_id in resting]
    return [(one.order_link_id.rpartition("_")[2], str(one.quantity), str(one.price)) for one in intents]


def test_a_layer_measures_the_targets_anew_and_tightens_the_stop(lab: Lab) -> None:
    assert add(lab, layer()) == PlanStatus.EXECUTED
    # (5 x 1000 + 5 x 1004) / 10 = 1002; to the tighter stop 994 it is 8: targets at 1010 and 1018, 0.4 x 10 each
    held = position(lab)
    assert (held.quantity, held.entry_price, held.initial_stop_price) == (Decimal(10), Decimal(1002), Decimal(994))
    assert stop(lab) == (Decimal(994), StopKind.STOP_LOSS)
    assert targets(lab) == [("TP1L2", "4.000", "1010.0"), ("TP2L2", "4.000", "1018.0")]
    assert lab.postbox.messages == []


def test_a_looser_layer_does_not_loosen_the_stop(lab: Lab) -> None:
    add(lab, layer(price="996", stop="986"))
    # average 998; R ends at the tighter 990: targets at 1006 and 1014
    assert stop(lab) == (Decimal(990), StopKind.STOP_LOSS)
    assert [price for _, _, price in targets(lab)] == ["1006.0", "1014.0"]
    assert lab.ledger.entries_of(FIRST.plan_id)[1].intent.stop_loss == Decimal(986)


def test_a_break_even_stop_follows_the_new_average(lab: Lab) -> None:
    reach(lab, 1010)
    assert stop(lab) == (Decimal(1000), StopKind.BREAK_EVEN)
    add(lab, layer(price="1006", stop="996"))
    # 3 are left at 1000, so (3 x 1000 + 5 x 1006) / 8 = 1003.75; halves go to even ticks: 1003.8.
    # R = 1003.75 - 996 = 7.75, 2 R lies at 1019.25, rounded 1019.2; 0.4 of the 10 that were entered.
    assert stop(lab) == (Decimal("1003.8"), StopKind.BREAK_EVEN)
    assert targets(lab) == [("TP2L2", "4.000", "1019.2")]
    reach(lab, 1003)
    closed = position(lab)
    # 2 x 10 at the target, and 8 that cost 1003.75 go at the stop
    assert (closed.status, closed.exit_reason) == (PositionStatus.CLOSED, ExitReason.BREAK_EVEN)
    assert closed.realised_pnl == Decimal(20) + 8 * (Decimal("1003.8") - Decimal("1003.75"))


def test_a_partly_filled_target_fills_its_new_rest(lab: Lab) -> None:
    lab.venue.fill(f"{FIRST.plan_id}_TP1", Decimal(1), Decimal(1010))
    add(lab, layer())
    # 0.4 x 10 less the one that is sold; 4 are left at 1000 and 5 at 1004, R = 1002.22 - 994
    assert [(name, quantity) for name, quantity, _ in targets(lab)] == [("TP1L2", "3.000"), ("TP2L2", "4.000")]


def test_a_passed_target_fills_as_it_is_placed(lab: Lab) -> None:
    add(lab, layer(price="1008", stop="1003"))
    # 5 at 1000 and 10 at 1008 (50 / 5): average 1005.33, R = 2.33; 1 R lies at 1007.7, which 1008 has passed
    follow_fills(context=lab.context("run-f"))
    assert lab.ledger.intent(f"{FIRST.plan_id}_TP1L2").average_price == Decimal(1008)
    assert position(lab).quantity == Decimal(9)
    assert stop(lab) == (Decimal("1005.3"), StopKind.BREAK_EVEN)


def test_of_a_short_everything_is_the_other_way_round(database: Engine) -> None:
    lab = Lab(database)
    store_plan(database, replace(trade_plan(bias=Bias.SHORT), exit_rules=FIRST.exit_rules))
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    plan = replace(trade_plan(bias=Bias.SHORT, close_time=WAVE + BAR), entry_price=Decimal(996))
    add(lab, replace(plan, stop_price=Decimal(1006), exit_rules=FIRST.exit_rules))
    assert [held.stop_loss for held in lab.venue.positions()] == [Decimal(1006)]
    # average 998, R = 8
    assert targets(lab) == [("TP1L2", "4.000", "990.0"), ("TP2L2", "4.000", "982.0")]


def test_only_planned_layers_of_its_kind_come(lab: Lab) -> None:
    others = {
        "symbol_busy: a 15m long of BTCUSDT.BYBIT is live": [
            layer(1, strategy="rsi"),
            layer(3, timeframe=Timeframe.M5),
        ],
        "opposite_position: a 15m long of BTCUSDT.BYBIT is live, against the plan's side": [
            layer(2, bias=Bias.SHORT, stop="1014")
        ],
    }
    for reason, plans in others.items():
        for plan in plans:
            assert add(lab, plan) == PlanStatus.DENIED
            assert lab.plan_status(plan)[1] == reason
    assert [add(lab, layer(bars)) for bars in (4, 5, 6)] == ["executed", "executed", "denied"]
    assert lab.plan_status(layer(6))[1] == "symbol_busy: the position in BTCUSDT.BYBIT has 3 of 3 layers"


def test_a_layer_takes_no_slot_of_the_open_positions(lab: Lab) -> None:
    for instrument_id in ("ADAUSDT.BYBIT", "SOLUSDT.BYBIT"):
        store_plan(lab.database, trade_plan(instrument_id))
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    assert len(lab.ledger.live_positions()) == lab.context().limits.max_open_positions
    assert add(lab, layer()) == PlanStatus.EXECUTED


def test_a_rejected_layer_changes_nothing_and_counts_nothing(lab: Lab) -> None:
    before = targets(lab)
    lab.venue.faults["submit"] = [OrderRejectedByVenue("no margin")]
    assert add(lab, layer()) == PlanStatus.REJECTED
    assert (targets(lab), stop(lab)) == (before, (Decimal(990), StopKind.STOP_LOSS))
    assert [add(lab, layer(bars)) for bars in (2, 3, 4)] == ["executed", "executed", "denied"]
    assert [entry.intent.layer for entry in lab.ledger.entries_of(FIRST.plan_id)] == [1, 2, 3, 4]


def test_a_layers_lost_answer_is_looked_up(lab: Lab) -> None:
    lab.venue.faults["submit"] = [ResponseLost()]
    assert add(lab, layer()) == PlanStatus.EXECUTED
    assert lab.venue.posts.count(f"{layer().plan_id}_E") == 1
    assert targets(lab)[0][0] == "TP1L2"


def test_targets_stay_until_the_layer_has_ended(lab: Lab) -> None:
    before = targets(lab)
    lab.venue.holds_fills = True
    assert add(lab, layer()) == PlanStatus.CLAIMED
    lab.venue.fill(f"{layer().plan_id}_E", Decimal(2), Decimal(1004))
    follow_fills(context=lab.context("run-f"))
    assert targets(lab) == before
    lab.venue.end(f"{layer().plan_id}_E")
    reconcile_account(context=lab.context("run-r"))
    execute_plans(context=lab.context(layer().plan_id), gate=lab.gate, equity=lab.equity)
    lab.venue.end(f"{layer().plan_id}_E-pf")
    reconcile_account(context=lab.context("run-r"))
    follow_fills(context=lab.context("run-f"))
    execute_plans(context=lab.context(layer().plan_id), gate=lab.gate, equity=lab.equity)
    # 7 are in it: 2.8 each
    assert [(name, quantity) for name, quantity, _ in targets(lab)] == [("TP1L2", "2.800"), ("TP2L2", "2.800")]
    assert lab.plan_status(layer())[0] is PlanStatus.EXECUTED


def test_new_targets_wait_until_old_ones_are_gone(lab: Lab) -> None:
    lab.venue.faults["cancel"] = [TemporaryVenueError("down")]
    assert add(lab, layer()) == PlanStatus.CLAIMED
    assert [name for name, _, _ in targets(lab)] == ["TP1", "TP2"]
    assert stop(lab)[0] == Decimal(994)
    execute_plans(context=lab.context(layer().plan_id), gate=lab.gate, equity=lab.equity)
    assert [name for name, _, _ in targets(lab)] == ["TP1L2", "TP2L2"]


def admitted(lab: Lab) -> TradePlan:
    """A layer that the gate has let through and nobody has sent."""
    plan = layer()
    lab.clock.set(plan.close_time)
    store_plan(lab.database, plan)
    claim = claim_plans(plans=lab.ledger, clock=lab.clock, run_id="run-1")
    gate_plans(context=lab.context(), gate=lab.gate, plans=claim.plans)
    return plan


def test_a_closed_positions_layer_is_not_sent(lab: Lab) -> None:
    plan = admitted(lab)
    reach(lab, 990)
    assert position(lab).status is PositionStatus.OPEN  # it might still grow
    assert reconcile_account(context=lab.context("run-r")).differences == ()
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    assert f"{plan.plan_id}_E" not in lab.venue.posts
    assert lab.plan_status(plan)[0] is PlanStatus.EXPIRED
    assert (position(lab).status, position(lab).exit_reason) == (PositionStatus.CLOSED, ExitReason.STOP_LOSS)


def test_a_layer_sent_while_closing_has_its_stop(lab: Lab) -> None:
    plan = admitted(lab)
    lab.venue.on_fill = lambda fill: None
    lab.venue.trade("BTCUSDT.BYBIT", Side.SELL, Decimal(5), Decimal(990), FillKind.STOP_LOSS)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    follow_fills(context=lab.context("run-f"))
    assert lab.ledger.intent(f"{plan.plan_id}_E").state is IntentState.FILLED
    assert [(held.quantity, held.stop_loss) for held in lab.venue.positions()] == [(Decimal(5), Decimal(994))]
    assert (position(lab).status, position(lab).quantity) == (PositionStatus.OPEN, Decimal(5))


def test_a_stop_that_moved_since_the_gate_goes_with_the_layer(lab: Lab) -> None:
    admitted(lab)
    reach(lab, 1010)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    # 3 at 1000 and 5 at 1010 make 1006.25, rounded to 1006.2
    assert stop(lab) == (Decimal("1006.2"), StopKind.BREAK_EVEN)
    assert lab.postbox.messages == []  # a looser one would have been repaired, and told


def test_a_position_that_is_being_left_takes_no_layer(lab: Lab) -> None:
    target = lab.ledger.intent(f"{FIRST.plan_id}_TP1").intent
    lab.ledger.write_intent(replace(target, order_link_id=f"{FIRST.plan_id}_SX", purpose=Purpose.STOP_EXIT))
    assert add(lab, layer()) == PlanStatus.DENIED

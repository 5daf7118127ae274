"""The ledger hears everything twice, late and in any order."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from trading_pipeline.domain.model.fills import Fill, FillKind
from trading_pipeline.domain.model.orders import IntentState, OrderReport, Purpose, Side, order_link_id
from trading_pipeline.domain.model.positions import PositionStatus
from trading_pipeline.services.accounting.record_equity import record_equity
from trading_pipeline.services.execution.claim_plans import claim_plans
from trading_pipeline.services.execution.gate_plans import gate_plans
from trading_pipeline_tests.testkit.databases import empty
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, store_plan, trade_plan

PLAN = trade_plan()
ENTRY = order_link_id(PLAN.plan_id, Purpose.ENTRY)
SECOND = timedelta(seconds=1)

Heard = OrderReport | Fill


def report(state: IntentState, filled: str, at: datetime = WAVE) -> OrderReport:
    price = Decimal(1001) if Decimal(filled) else None
    return OrderReport(ENTRY, "v1", "BTCUSDT.BYBIT", Side.BUY, state, Decimal(5), Decimal(filled), price, False, "", at)


def fill(number: int, quantity: str, link: str = ENTRY, side: Side = Side.BUY, price: int = 1001) -> Fill:
    kind = FillKind.TRADE if link else FillKind.STOP_LOSS
    at = WAVE + number * SECOND
    fee = Decimal("0.5")
    return Fill(
        f"x{number}", link, "v1", "BTCUSDT.BYBIT", side, Decimal(quantity), Decimal(price), fee, "USDT", False, kind, at
    )


STORY: tuple[Heard, ...] = (
    report(IntentState.ACKNOWLEDGED, "0"),
    fill(1, "2"),
    report(IntentState.PARTIALLY_FILLED, "2", WAVE + SECOND),
    fill(2, "3", price=1003),
    report(IntentState.FILLED, "5", WAVE + 2 * SECOND),
    replace(fill(3, "0", link="", side=Side.SELL), kind=FillKind.FUNDING),
    fill(4, "1", link="", side=Side.SELL, price=990),
    fill(5, "4", link="", side=Side.SELL, price=989),
)


def admitted(database: Engine) -> Lab:
    """A lab whose one plan has its entry marked as sent."""
    lab = Lab(database)
    store_plan(database, PLAN)
    record_equity(trading=lab.venue, equity=lab.equity)
    claim = claim_plans(plans=lab.ledger, clock=lab.clock, run_id="run-1")
    gate_plans(context=lab.context(), gate=lab.gate, plans=claim.plans)
    lab.ledger.advance(ENTRY, IntentState.SENT)
    return lab


def emptied(database: Engine) -> Engine:
    empty(database)
    return database


def hear(lab: Lab, *story: Heard) -> None:
    for heard in story:
        if isinstance(heard, Fill):
            lab.ledger.apply_fill(heard)
        else:
            lab.ledger.apply_report(heard)


def everything(lab: Lab) -> list[tuple[object, ...]]:
    queries = (
        "SELECT state, filled_quantity, average_price, venue_order_id FROM trading.order_intents",
        "SELECT * FROM trading.positions",
        "SELECT execution_id, position_id, quantity FROM trading.fills ORDER BY execution_id",
        "SELECT plan_id, status FROM trading.trade_plans",
    )
    with lab.database.connect() as connection:
        return [tuple(row) for query in queries for row in connection.execute(text(query))]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=st.permutations(STORY), again=st.lists(st.sampled_from(STORY), max_size=4))
def test_any_order_and_any_repetition_end_in_the_same_ledger(
    database: Engine, story: list[Heard], again: list[Heard]
) -> None:
    straight = admitted(emptied(database))
    hear(straight, *STORY)
    expected = everything(straight)
    lab = admitted(emptied(database))
    hear(lab, *story, *again)
    assert everything(lab) == expected


def test_the_sums_of_a_whole_story(database: Engine) -> None:
    lab = admitted(database)
    hear(lab, *STORY)
    position = lab.ledger.position_of(PLAN.plan_id)
    assert position is not None
    assert position.status is PositionStatus.CLOSED
    assert position.entry_price == Decimal("1002.2")
    assert position.realised_pnl == Decimal(990 + 4 * 989) - Decimal(2 * 1001 + 3 * 1003)
    assert (position.fees, position.funding) == (Decimal(2), Decimal("0.5"))
    assert (position.opened_at, position.closed_at) == (WAVE + SECOND, WAVE + 5 * SECOND)


@pytest.mark.parametrize("final", [IntentState.FILLED, IntentState.CANCELLED, IntentState.REJECTED])
@pytest.mark.parametrize("late", [IntentState.ACKNOWLEDGED, IntentState.PARTIALLY_FILLED, IntentState.CANCELLED])
def test_a_final_state_is_never_left(database: Engine, final: IntentState, late: IntentState) -> None:
    lab = admitted(database)
    hear(lab, report(final, "2"), report(late, "1"))
    record = lab.ledger.intent(ENTRY)
    assert (record.state, record.filled_quantity) == (final, Decimal(2))
    assert not lab.ledger.advance(ENTRY, IntentState.ACKNOWLEDGED)


def test_an_answer_later_than_the_fill_stamps_the_acknowledgement_only(database: Engine) -> None:
    lab = admitted(database)
    hear(lab, report(IntentState.FILLED, "5"))
    assert not lab.ledger.advance(ENTRY, IntentState.ACKNOWLEDGED, venue_order_id="v1")
    assert lab.ledger.intent(ENTRY).state is IntentState.FILLED


def test_only_one_of_two_callers_may_send(database: Engine) -> None:
    lab = admitted(database)
    assert lab.ledger.advance(ENTRY, IntentState.INTENDED)
    assert [lab.ledger.advance(ENTRY, IntentState.SENT) for _ in range(2)] == [True, False]


def test_fills_of_nobody_are_kept_as_external(database: Engine) -> None:
    lab = admitted(database)
    stranger = replace(fill(7, "1", link="", side=Side.SELL), instrument_id="SOLUSDT.BYBIT")
    adding = fill(8, "1", link="", side=Side.BUY)
    early = replace(fill(9, "1", link="", side=Side.SELL), executed_at=WAVE - SECOND)
    hear(lab, stranger, adding, early)
    with database.connect() as connection:
        owners = connection.execute(text("SELECT position_id FROM trading.fills")).scalars().all()
    assert owners == [None, None, None]


def test_what_was_added_by_hand_is_taken_back_first(database: Engine) -> None:
    lab = admitted(database)
    added = replace(fill(6, "2", link="", side=Side.BUY), kind=FillKind.TRADE)
    back = replace(fill(7, "2", link="", side=Side.SELL), kind=FillKind.TRADE)
    ours = replace(fill(8, "1", link="", side=Side.SELL), kind=FillKind.TRADE)
    hear(lab, fill(1, "2"), fill(2, "3"), added, back, ours)
    position = lab.ledger.position_of(PLAN.plan_id)
    assert position is not None
    assert position.quantity == 4


def test_late_funding_goes_to_the_position_that_was_open_then(database: Engine) -> None:
    lab = admitted(database)
    hear(lab, *STORY)
    late = replace(fill(3, "0", link="", side=Side.SELL), execution_id="late", kind=FillKind.FUNDING)
    after = replace(late, execution_id="after", executed_at=WAVE + timedelta(hours=1))
    hear(lab, late, after)
    position = lab.ledger.position_of(PLAN.plan_id)
    assert position is not None
    assert (position.fees, position.funding) == (Decimal(2), Decimal(1))


def test_missing_fills_are_known_to_be_missing(database: Engine) -> None:
    lab = admitted(database)
    hear(lab, report(IntentState.FILLED, "5"), fill(1, "2"))
    assert lab.ledger.fills_missing_since() == WAVE
    hear(lab, fill(2, "3"))
    assert lab.ledger.fills_missing_since() is None
    assert lab.ledger.last_fill_time() == WAVE + 2 * SECOND


def test_a_report_about_an_order_that_is_not_ours_is_ignored(database: Engine) -> None:
    lab = admitted(database)
    before = everything(lab)
    hear(lab, replace(report(IntentState.FILLED, "5"), order_link_id="by-hand"))
    assert everything(lab) == before


def test_only_fills_that_are_not_booked_are_left_to_book(database: Engine) -> None:
    lab = admitted(database)
    hear(lab, fill(1, "2"))
    assert lab.ledger.unbooked([fill(2, "3"), fill(1, "2")]) == [fill(2, "3")]


def test_the_states_of_several_intents_are_one_question(database: Engine) -> None:
    lab = admitted(database)
    hear(lab, report(IntentState.FILLED, "5"))
    assert lab.ledger.states([ENTRY, "nobody's"]) == {ENTRY: IntentState.FILLED}

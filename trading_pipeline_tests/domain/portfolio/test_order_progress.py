"""How an intent moves: its own steps as a table, and the venue's word in any order."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import combinations, permutations, product

import pytest

from trading_pipeline.domain.model.fills import Fill, FillKind
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.orders import IntentState, Side
from trading_pipeline.domain.portfolio.order_progress import Progress, later_state, may_step, progress_with_fills

S = IntentState
OWN_STEPS = {
    (S.INTENDED, S.SENT),
    (S.INTENDED, S.EXPIRED),
    (S.SENT, S.INTENDED),
    (S.SENT, S.ACKNOWLEDGED),
    (S.SENT, S.REJECTED),
    (S.SENT, S.UNKNOWN),
    (S.SENT, S.ABSENT),
    (S.UNKNOWN, S.ACKNOWLEDGED),
    (S.UNKNOWN, S.REJECTED),
    (S.UNKNOWN, S.ABSENT),
}
"""From ``UNKNOWN`` no way leads back to ``INTENDED``: what may have arrived is never sent a second time."""


def test_our_own_steps_are_these_and_no_others() -> None:
    assert {(now, to) for now, to in product(S, S) if may_step(now, to)} == OWN_STEPS


@pytest.mark.parametrize("heard", [S.ACKNOWLEDGED, S.PARTIALLY_FILLED, S.FILLED, S.CANCELLED, S.REJECTED])
def test_whatever_a_venue_says_refutes_that_it_knows_no_such_order(heard: IntentState) -> None:
    assert later_state(S.ABSENT, heard) is heard
    assert later_state(heard, S.ABSENT) is heard


def test_better_knowledge_is_never_replaced_by_less() -> None:
    order = [S.INTENDED, S.SENT, S.UNKNOWN, S.ABSENT, S.ACKNOWLEDGED, S.PARTIALLY_FILLED, S.FILLED]
    for less, more in combinations(order, 2):
        assert later_state(less, more) is later_state(more, less) is more


@pytest.mark.parametrize("end", [S.FILLED, S.CANCELLED, S.REJECTED, S.EXPIRED])
@pytest.mark.parametrize("heard", list(S))
def test_nothing_leads_out_of_an_end(end: IntentState, heard: IntentState) -> None:
    assert later_state(end, heard) is end


def test_reports_in_any_order_end_in_the_same_state() -> None:
    for told in permutations((S.ACKNOWLEDGED, S.PARTIALLY_FILLED, S.CANCELLED)):
        state = S.SENT
        for heard in told:
            state = later_state(state, heard)
        assert state is S.CANCELLED


def fill(quantity: str, price: str, kind: FillKind = FillKind.TRADE) -> Fill:
    at = datetime(2025, 3, 1, tzinfo=UTC)
    instrument_id = InstrumentId("BTCUSDT.BYBIT")
    return Fill(
        "x", "E", "v", instrument_id, Side.BUY, Decimal(quantity), Decimal(price), Decimal(0), "USDT", False, kind, at
    )


def test_fills_price_what_they_cover() -> None:
    # (2 x 1000 + 3 x 1010) / 5 = 1006
    fills = [fill("2", "1000"), fill("3", "1010"), fill("0", "0.5", FillKind.FUNDING)]
    reported = Progress(S.ACKNOWLEDGED, Decimal(0), None)
    assert progress_with_fills(reported, Decimal(8), fills) == Progress(S.PARTIALLY_FILLED, Decimal(5), Decimal(1006))
    assert progress_with_fills(reported, Decimal(5), fills) == Progress(S.FILLED, Decimal(5), Decimal(1006))


def test_covering_fills_say_more_than_a_report() -> None:
    reported = Progress(S.PARTIALLY_FILLED, Decimal(5), Decimal(1001))
    assert progress_with_fills(reported, Decimal(5), [fill("2", "1000"), fill("3", "1010")]) == Progress(
        S.FILLED, Decimal(5), Decimal(1006)
    )


def test_fills_that_cover_less_than_was_reported_change_nothing() -> None:
    reported = Progress(S.PARTIALLY_FILLED, Decimal(4), Decimal(1001))
    assert progress_with_fills(reported, Decimal(5), [fill("3", "1010")]) == reported
    assert progress_with_fills(Progress(S.SENT, Decimal(0), None), Decimal(5), []) == Progress(S.SENT, Decimal(0), None)

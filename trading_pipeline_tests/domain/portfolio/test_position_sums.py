"""What a position earned, and what it cost: layers and exits in the venue's order."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import permutations

import pytest

from trading_pipeline.domain.model.fills import Fill, FillKind
from trading_pipeline.domain.model.orders import IntentRecord, IntentState, OrderIntent, OrderType, Purpose, Side
from trading_pipeline.domain.model.positions import ExitReason, Position, PositionStatus, StopKind
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.portfolio.position_sums import (
    PositionFill,
    net_pnl,
    r_multiple,
    recompute,
    unrealised_pnl,
)
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.execution_lab import WAVE, trade_plan

PLAN = trade_plan()


def a_position(realised: str, fees: str, funding: str) -> Position:
    """5 bought at 1000 with the stop at 990: 50 at risk."""
    return Position(
        position_id=PLAN.plan_id,
        account_id=ACCOUNT,
        plan_id=PLAN.plan_id,
        instrument_id=PLAN.instrument_id,
        settlement_currency="USDT",
        timeframe=PLAN.timeframe,
        bias=PLAN.bias,
        status=PositionStatus.CLOSED,
        quantity=Decimal(0),
        entry_quantity=Decimal(5),
        entry_price=Decimal(1000),
        initial_stop_price=Decimal(990),
        stop_price=Decimal(990),
        realised_pnl=Decimal(realised),
        fees=Decimal(fees),
        funding=Decimal(funding),
        opened_at=WAVE,
        closed_at=WAVE,
        exit_reason=None,
        managed_through=WAVE,
    )


@pytest.mark.parametrize(
    ("realised", "fees", "funding", "net", "in_r"),
    [("20", "5", "2.5", "12.5", "0.25"), ("5", "5", "2.5", "-2.5", "-0.05"), ("-50", "5", "-10", "-45", "-0.9")],
)
def test_a_result_is_net_of_fees_and_of_funding(realised: str, fees: str, funding: str, net: str, in_r: str) -> None:
    position = a_position(realised, fees, funding)
    assert (net_pnl(position), r_multiple(position)) == (Decimal(net), Decimal(in_r))


OPENING = replace(a_position("0", "0", "0"), status=PositionStatus.OPENING, quantity=Decimal(0), entry_price=None)


def entry(layer: int, quantity: str, stop: str, state: IntentState = IntentState.FILLED) -> IntentRecord:
    """The order of one layer, filled unless it ended otherwise."""
    intent = OrderIntent(
        order_link_id=f"E{layer}",
        account_id=ACCOUNT,
        plan_id=PLAN.plan_id,
        purpose=Purpose.ENTRY,
        instrument_id=PLAN.instrument_id,
        side=Side.BUY,
        order_type=OrderType.MARKET,
        quantity=Decimal(quantity),
        price=None,
        stop_loss=Decimal(stop),
        reduce_only=False,
        valid_until=PLAN.valid_until,
        run_id="run-1",
        layer=layer,
    )
    filled = Decimal(quantity) if state is IntentState.FILLED else Decimal(0)
    return IntentRecord(intent, state, "", "", filled, None, None)


def fill(order: str, quantity: str, price: str, at: int) -> PositionFill:
    """One execution, ``at`` counts; all of one instant."""
    side, purpose = (Side.BUY, Purpose.ENTRY) if order.startswith("E") else (Side.SELL, Purpose.TAKE_PROFIT_1)
    made = Fill(
        f"x{9 - at}", order, "", PLAN.instrument_id, side, Decimal(quantity), Decimal(price), Decimal(0), "USDT", False,
        FillKind.TRADE, WAVE, at,
    )  # fmt: skip
    return PositionFill(made, purpose)


LAYERS = [entry(1, "5", "990"), entry(2, "5", "986"), entry(3, "2", "995")]


def test_a_layer_weighs_the_same_in_any_order() -> None:
    # 2 of 5 at 1000 go at 1010, a layer of 5 at 1006: (3 x 1000 + 5 x 1006) / 8 = 1003.75. 4 of the 8 go at 1020:
    # earned are 2 x 10 and 4 x 16.25.
    fills = [fill("E1", "5", "1000", 1), fill("TP1", "2", "1010", 2), fill("E2", "5", "1006", 3)]
    fills.append(fill("TP1", "4", "1020", 4))
    for heard in permutations(fills):
        made = recompute(OPENING, LAYERS[:2], heard)
        assert (made.entry_price, made.quantity, made.entry_quantity) == (Decimal("1003.75"), Decimal(4), Decimal(10))
        assert (made.realised_pnl, made.status) == (Decimal(85), PositionStatus.OPEN)


def test_a_flat_positions_result_is_its_fills_sum() -> None:
    # the average is 1001.666..., which no decimal holds
    fills = [fill("E1", "5", "1000", 1), fill("TP1", "2", "1010", 2), fill("E2", "6", "1002.5", 3)]
    made = recompute(OPENING, [LAYERS[0], entry(2, "6", "986")], [*fills, fill("TP1", "9", "1003.1", 4)])
    assert (made.status, made.quantity) == (PositionStatus.CLOSED, Decimal(0))
    assert made.realised_pnl == 2 * Decimal(1010) + 9 * Decimal("1003.1") - 5 * Decimal(1000) - 6 * Decimal("1002.5")


def test_what_leaves_beyond_what_was_entered_is_no_gain() -> None:
    # Somebody bought 2 by hand, and the venue's stop sold all 7: ours are 2 at 1010 and 3 at 990.
    fills = [fill("E1", "5", "1000", 1), fill("TP1", "2", "1010", 2), fill("TP2", "5", "990", 3)]
    made = recompute(OPENING, LAYERS[:1], fills)
    assert (made.status, made.quantity, made.realised_pnl) == (PositionStatus.CLOSED, Decimal(0), Decimal(-10))


def test_a_round_trip_is_gain_less_fees() -> None:
    # 0.05 at 50,000 with the stop 500 away are 25 at risk; 0.055 % of 2,500 and of 2,525 are the fees.
    order = replace(entry(1, "0.05", "49500"), filled_quantity=Decimal("0.05"))
    heard = [
        _charged(fill("E1", "0.02", "50000", 1), "0.55"),
        _charged(fill("E1", "0.03", "50000", 2), "0.825"),
        _charged(fill("TP1", "0.05", "50500", 3), "1.38875"),
    ]
    for fills in permutations(heard):
        made = recompute(replace(OPENING, initial_stop_price=Decimal(49500)), [order], fills)
        in_r = r_multiple(made)
        assert (made.status, net_pnl(made)) == (PositionStatus.CLOSED, Decimal("22.23625"))
        assert in_r is not None
        assert round(in_r, 3) == Decimal("0.889")


def _charged(part: PositionFill, fee: str) -> PositionFill:
    return replace(part, fill=replace(part.fill, fee=Decimal(fee)))


def test_a_short_gains_what_the_price_falls() -> None:
    # 5 sold at 1000; 2 bought back at 990 earn 20, 3 at 1004 lose 12
    heard = (fill("E1", "5", "1000", 1), fill("TP1", "2", "990", 2), fill("TP1", "3", "1004", 3))
    traded = [replace(one, fill=replace(one.fill, side=one.fill.side.opposite)) for one in heard]
    short = replace(OPENING, bias=Bias.SHORT)
    assert recompute(short, LAYERS[:1], traded[:2]).realised_pnl == Decimal(20)
    assert recompute(short, LAYERS[:1], traded).realised_pnl == Decimal(8)


def test_r_ends_at_the_tightest_stop_of_the_entries_that_filled() -> None:
    entered = [fill("E1", "5", "1000", 1), fill("E2", "5", "1006", 2)]
    assert recompute(OPENING, LAYERS, entered).initial_stop_price == Decimal(990)
    assert recompute(OPENING, LAYERS, [*entered, fill("E3", "2", "1010", 3)]).initial_stop_price == Decimal(995)
    short = replace(OPENING, bias=Bias.SHORT)
    assert recompute(short, LAYERS[:2], entered).initial_stop_price == Decimal(986)


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (IntentState.INTENDED, PositionStatus.OPEN),
        (IntentState.UNKNOWN, PositionStatus.OPEN),
        (IntentState.REJECTED, PositionStatus.CLOSED),
        (IntentState.EXPIRED, PositionStatus.CLOSED),
    ],
)
def test_a_position_is_closed_when_no_layer_can_come_any_more(state: IntentState, status: PositionStatus) -> None:
    fills = [fill("E1", "5", "1000", 1), fill("TP1", "5", "1010", 2)]
    made = recompute(OPENING, [LAYERS[0], entry(2, "5", "986", state)], fills)
    assert (made.status, made.quantity) == (status, Decimal(0))


def test_covering_fills_end_an_entry_before_its_report() -> None:
    fills = [fill("E1", "5", "1000", 1), fill("TP1", "5", "1010", 2)]
    reported = entry(1, "5", "990", IntentState.ACKNOWLEDGED)
    assert recompute(OPENING, [reported], fills).status is PositionStatus.CLOSED
    assert recompute(OPENING, [entry(1, "6", "990", IntentState.ACKNOWLEDGED)], fills).status is PositionStatus.OPEN


def test_nothing_is_realised_without_entry_and_exit() -> None:
    # the average is 1000.666..., which no decimal holds
    entered, left = [fill("E1", "1", "1000", 1), fill("E1", "2", "1001", 2)], fill("TP1", "3", "1010", 3)
    assert recompute(OPENING, LAYERS[:1], entered).realised_pnl == 0
    assert recompute(OPENING, LAYERS[:1], [left]).realised_pnl == 0


def test_a_position_failed_when_every_entry_ended_empty() -> None:
    rejected = [entry(1, "5", "990", IntentState.REJECTED), entry(2, "5", "990", IntentState.ABSENT)]
    assert recompute(OPENING, rejected, []).status is PositionStatus.FAILED
    under_way = [rejected[0], entry(2, "5", "990", IntentState.SENT)]
    assert recompute(OPENING, under_way, []).status is PositionStatus.OPENING


def test_a_fee_in_another_currency_is_left_to_its_fill() -> None:
    # 0.5 USDT to enter; the exit's fee was paid in MNT, which is worth what nobody here knows
    entered, left = fill("E1", "5", "1000", 1), fill("TP1", "5", "1010", 2)
    fills = [
        replace(entered, fill=replace(entered.fill, fee=Decimal("0.5"))),
        replace(left, fill=replace(left.fill, fee=Decimal(3), fee_currency="MNT")),
    ]
    assert recompute(OPENING, LAYERS[:1], fills).fees == Decimal("0.5")


def left_by(purpose: Purpose | None, kind: FillKind, at: int = 2, quantity: str = "5") -> PositionFill:
    """An exit of an order with this purpose, ``None`` where the venue made the order."""
    one = fill("x", quantity, "1010", at)
    return PositionFill(replace(one.fill, kind=kind), purpose)


@pytest.mark.parametrize(
    ("purpose", "kind", "reason"),
    [
        (Purpose.TAKE_PROFIT_2, FillKind.TRADE, ExitReason.TAKE_PROFIT),
        (None, FillKind.TAKE_PROFIT, ExitReason.TAKE_PROFIT),
        (Purpose.STOP_EXIT, FillKind.TRADE, ExitReason.TRAILING_STOP),
        (None, FillKind.STOP_LOSS, ExitReason.TRAILING_STOP),
        (None, FillKind.TRADE, ExitReason.EXTERNAL),
        (None, FillKind.VENUE, ExitReason.EXTERNAL),
        (Purpose.EXIT, FillKind.TRADE, ExitReason.PROTECTION_FAILED),
        (Purpose.NEXT_BAR_EXIT, FillKind.TRADE, ExitReason.NEXT_BAR_EXIT),
        (Purpose.SIGNAL_EXIT, FillKind.TRADE, ExitReason.SIGNAL_EXIT),
        (Purpose.OPPOSITE_EXIT, FillKind.TRADE, ExitReason.OPPOSITE_SIGNAL),
        (Purpose.REVERSAL, FillKind.TRADE, ExitReason.REVERSAL),
        (Purpose.OPERATOR_EXIT, FillKind.TRADE, ExitReason.OPERATOR),
        (Purpose.CIRCUIT_EXIT, FillKind.TRADE, ExitReason.CIRCUIT_BREAKER),
        (Purpose.UPGRADE_EXIT, FillKind.TRADE, ExitReason.MUTEX_UPGRADE),
    ],
)
def test_a_position_ended_for_the_reason_of_its_last_order(
    purpose: Purpose | None, kind: FillKind, reason: ExitReason
) -> None:
    trailing = replace(OPENING, stop_kind=StopKind.TRAILING_STOP)
    made = recompute(trailing, LAYERS[:1], [fill("E1", "5", "1000", 1), left_by(purpose, kind)])
    assert (made.status, made.exit_reason) == (PositionStatus.CLOSED, reason)


def test_the_flattening_order_names_reason_and_time() -> None:
    first, last = left_by(Purpose.TAKE_PROFIT_1, FillKind.TRADE, 2, "2"), left_by(None, FillKind.STOP_LOSS, 3, "3")
    last = replace(last, fill=replace(last.fill, executed_at=WAVE + timedelta(minutes=1)))
    made = recompute(OPENING, LAYERS[:1], [fill("E1", "5", "1000", 1), last, first])
    assert (made.exit_reason, made.closed_at) == (ExitReason.STOP_LOSS, WAVE + timedelta(minutes=1))


@pytest.mark.parametrize(("bias", "gain"), [(Bias.LONG, "10"), (Bias.SHORT, "-10")])
def test_what_is_open_would_earn_the_way_from_its_average_price(bias: Bias, gain: str) -> None:
    held = replace(OPENING, bias=bias, quantity=Decimal(4), entry_price=Decimal(1000))
    assert unrealised_pnl(held, Decimal("1002.5")) == Decimal(gain)
    assert unrealised_pnl(replace(held, entry_price=None), Decimal("1002.5")) == 0


def test_funding_is_no_fee_and_moves_nothing() -> None:
    entered, paid = fill("E1", "5", "1000", 1), fill("x", "5", "1003", 2)
    fills = [
        replace(entered, fill=replace(entered.fill, fee=Decimal("2.75"))),
        PositionFill(replace(paid.fill, fee=Decimal("-0.4"), kind=FillKind.FUNDING), None),
    ]
    made = recompute(OPENING, LAYERS[:1], fills)
    assert (made.fees, made.funding, made.quantity) == (Decimal("2.75"), Decimal("-0.4"), Decimal(5))
    assert (made.entry_price, made.booked_fills) == (Decimal(1000), 1)


def test_a_position_is_open_since_its_first_fill() -> None:
    first, second = fill("E1", "2", "1000", 1), fill("E1", "3", "1001", 2)
    second = replace(second, fill=replace(second.fill, executed_at=WAVE + timedelta(minutes=1)))
    assert recompute(OPENING, LAYERS[:1], [second, first]).opened_at == WAVE

"""Parts of a position equal the whole, whatever sequence of fills, fees and funding it had."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from trading_pipeline.domain.model.fills import Fill, FillKind
from trading_pipeline.domain.model.orders import Purpose, Side
from trading_pipeline.domain.model.positions import PositionStatus
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.portfolio.lots import lots_of
from trading_pipeline.domain.portfolio.position_sums import PositionFill, net_pnl, recompute, unrealised_pnl
from trading_pipeline_tests.domain.portfolio.test_position_sums import OPENING
from trading_pipeline_tests.testkit.execution_lab import WAVE

STEP = Decimal("0.001")
PRICES = st.integers(1, 10**7).map(lambda ticks: ticks * Decimal("0.1"))
FEES = st.integers(-(10**9), 10**12).map(lambda units: units * Decimal("1e-8"))
QUANTITIES = st.integers(1, 10**6).map(lambda steps: steps * STEP)


@dataclass(frozen=True)
class Event:
    """Something that happens to a position: entered, left by a share of what is held, or funding paid."""

    kind: str
    size: Decimal
    price: Decimal
    fee: Decimal


EVENTS = st.lists(
    st.builds(Event, st.sampled_from(["enter", "leave", "leave", "fund"]), QUANTITIES, PRICES, FEES), min_size=1
)


def fills_of(events: Sequence[Event], bias: Bias) -> list[PositionFill]:
    """Executions that a venue can book: nothing is left that is not held."""
    held, made = Decimal(0), []
    opening = Side.opening(bias)
    for number, event in enumerate(events):
        entering = event.kind == "enter" or not made
        quantity = event.size if entering else min(event.size, held)
        if event.kind == "fund" and made:
            quantity = Decimal(0)
        elif not quantity:
            continue
        funding = not quantity
        held += quantity if entering else -quantity
        fill = Fill(
            execution_id=f"x{number}",
            order_link_id="",
            venue_order_id="",
            instrument_id=OPENING.instrument_id,
            side=opening if entering else opening.opposite,
            quantity=quantity,
            price=event.price,
            fee=event.fee,
            fee_currency="USDT",
            is_maker=False,
            kind=FillKind.FUNDING if funding else FillKind.TRADE,
            executed_at=WAVE + timedelta(seconds=number // 3),
            sequence=number,
        )
        made.append(PositionFill(fill, Purpose.ENTRY if entering else Purpose.TAKE_PROFIT_1))
    return made


@given(EVENTS, st.sampled_from(Bias), PRICES, st.randoms(use_true_random=False))
@settings(max_examples=400)
def test_lots_add_up_to_the_position(events: list[Event], bias: Bias, mark: Decimal, random: object) -> None:
    fills = fills_of(events, bias)
    random.shuffle(fills)  # type: ignore[attr-defined]
    position = recompute(replace(OPENING, bias=bias), (), fills)
    lots = lots_of(position, fills)
    assert sum(lot.quantity for lot in lots if lot.exit_id is None) == position.quantity
    assert sum(lot.quantity for lot in lots) == position.entry_quantity
    assert sum(lot.fees for lot in lots) == position.fees
    assert sum(lot.funding for lot in lots) == position.funding
    by_lots = sum((lot.net_pnl + lot.unrealised_pnl(mark) for lot in lots), Decimal(0))
    by_average = net_pnl(position) + unrealised_pnl(position, mark)
    if position.status is PositionStatus.CLOSED:
        assert by_lots == by_average
    # what is held has an average, which no decimal may hold
    assert abs(by_lots - by_average) < Decimal("1e-12")


def test_first_in_is_first_out_with_its_costs() -> None:
    # 4 at 100 and 6 at 110; 6 leave at 120: all of the first lot and 2 of the second.
    events = [
        Event("enter", Decimal(4), Decimal(100), Decimal("0.4")),
        Event("enter", Decimal(6), Decimal(110), Decimal("0.6")),
        Event("fund", Decimal(1), Decimal(115), Decimal(1)),
        Event("leave", Decimal(6), Decimal(120), Decimal("0.9")),
    ]
    for heard in permutations(fills_of(events, Bias.LONG)):
        first, second, rest = lots_of(OPENING, heard)
        assert (first.quantity, first.realised_pnl, first.fees, first.funding) == (
            Decimal(4), Decimal(80), Decimal("1.0"), Decimal("0.4"),
        )  # fmt: skip
        assert (second.quantity, second.realised_pnl, second.fees, second.funding) == (
            Decimal(2), Decimal(20), Decimal("0.5"), Decimal("0.2"),
        )  # fmt: skip
        assert (rest.quantity, rest.exit_id, rest.unrealised_pnl(Decimal(105))) == (Decimal(4), None, Decimal(-20))


def test_late_funding_belongs_to_the_last_lot_out() -> None:
    events = [
        Event("enter", Decimal(1), Decimal(100), Decimal(0)),
        Event("leave", Decimal(1), Decimal(101), Decimal(0)),
        Event("fund", Decimal(1), Decimal(101), Decimal("0.3")),
    ]
    (lot,) = lots_of(OPENING, fills_of(events, Bias.LONG))
    assert lot.net_pnl == Decimal("0.7")

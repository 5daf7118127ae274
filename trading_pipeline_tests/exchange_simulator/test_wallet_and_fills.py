"""The wallet moves by what fills add up to: what our check of the ledger counts with, told by a venue."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from trading_pipeline.adapters.venues.bybit.client import BybitClient
from trading_pipeline.adapters.venues.bybit.trading import BybitTrading
from trading_pipeline.domain.model.fills import FillKind
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.orders import OrderIntent, OrderType, Purpose, Side
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.portfolio.position_sums import PositionFill, earned_until
from trading_pipeline.exchange_simulator.server import Addresses
from trading_pipeline_tests.domain.portfolio.test_position_sums import OPENING
from trading_pipeline_tests.exchange_simulator.conftest import START, advance
from trading_pipeline_tests.testkit.builders import ACCOUNT


def an_order(link_id: str, side: Side, quantity: str) -> OrderIntent:
    """At the market; what sells to a short's opening side enters, the other leaves."""
    entering = side is Side.SELL
    return OrderIntent(
        order_link_id=link_id,
        account_id=ACCOUNT,
        plan_id=link_id,
        purpose=Purpose.ENTRY if entering else Purpose.SIGNAL_EXIT,
        instrument_id=InstrumentId("BTCUSDT.BYBIT"),
        side=side,
        order_type=OrderType.MARKET,
        quantity=Decimal(quantity),
        price=None,
        stop_loss=None,
        reduce_only=not entering,
        valid_until=datetime(2030, 1, 1, tzinfo=UTC),
        run_id="run",
    )


def test_a_short_of_three_entries_left_in_two_parts_across_a_funding_explains_the_wallet(venue: Addresses) -> None:
    trading = BybitTrading(BybitClient(venue.rest_url, venue.api_key, venue.api_secret, 5.0, 1))
    before = trading.wallet().balances["USDT"].balance
    steps = [
        ("E1", Side.SELL, "0.013"),
        ("E2", Side.SELL, "0.027"),
        ("X1", Side.BUY, "0.017"),
        ("E3", Side.SELL, "0.011"),
    ]
    position = replace(OPENING, bias=Bias.SHORT)
    for order in steps:
        trading.submit(an_order(*order))
        advance(venue, 13)
        held = trading.wallet()
        fills = trading.fills(START)
        parts = [
            PositionFill(one, Purpose.ENTRY if one.side is Side.SELL else Purpose.SIGNAL_EXIT)
            if one.kind is not FillKind.FUNDING
            else PositionFill(one, None)
            for one in fills
        ]
        moved = held.balances["USDT"].balance - before
        assert abs(moved - earned_until(position, parts, held.read_at)) < Decimal("0.00001")
    assert FillKind.FUNDING in {one.kind for one in fills}

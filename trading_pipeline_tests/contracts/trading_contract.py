"""What ``Trading`` promises, whoever keeps it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import ClassVar
from uuid import uuid4

import pytest

from trading_pipeline.domain.model.errors import (
    OrderOutcomeUnknown,
    OrderRejectedByVenue,
    StopPassed,
    TemporaryVenueError,
)
from trading_pipeline.domain.model.fills import Fill, FillKind
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.instruments import Instrument
from trading_pipeline.domain.model.orders import IntentState, OrderIntent, OrderReport, OrderType, Purpose, Side
from trading_pipeline.domain.model.positions import VenuePosition
from trading_pipeline.ports.venue.trading import Trading
from trading_pipeline_tests.testkit.builders import ACCOUNT

ASKED_AT_MOST = 200
"""Questions after which an order that is not final will not become it."""


def an_intent(
    instrument_id: InstrumentId,
    side: Side = Side.BUY,
    quantity: Decimal = Decimal(10),
    price: Decimal | None = None,
    stop_loss: Decimal | None = None,
    *,
    reduce_only: bool = False,
) -> OrderIntent:
    """A market order, or a limit order when it has a price, with a link id of its own."""
    link_id = uuid4().hex[:28]
    return OrderIntent(
        order_link_id=link_id,
        account_id=ACCOUNT,
        plan_id=link_id,
        purpose=Purpose.EXIT if reduce_only else Purpose.ENTRY,
        instrument_id=instrument_id,
        side=side,
        order_type=OrderType.MARKET if price is None else OrderType.LIMIT,
        quantity=quantity,
        price=price,
        stop_loss=stop_loss,
        reduce_only=reduce_only,
        valid_until=datetime(2030, 1, 1, tzinfo=UTC),
        run_id="run",
    )


def settled(trading: Trading, intent: OrderIntent) -> OrderReport:
    """The order once nothing more can happen to it."""
    for _ in range(ASKED_AT_MOST):
        report = trading.order(intent.instrument_id, intent.order_link_id)
        if report is not None and report.state.final:
            return report
    raise AssertionError(f"{intent.order_link_id} is not final: {report}")


def leave_nothing(trading: Trading) -> None:
    """Cancel what rests and close what is held."""
    for resting in trading.open_orders():
        trading.cancel(resting.instrument_id, resting.order_link_id)
    for held in trading.positions():
        exit_order = an_intent(held.instrument_id, held.side.opposite, held.quantity, reduce_only=True)
        trading.submit(exit_order)
        settled(trading, exit_order)


class TradingContract:
    """For an account with money for ``quantity`` of ``listed``; what it did before is its own matter.

    Give the fixtures ``trading``, ``instrument`` and ``price``, the last price, which stands still meanwhile.
    """

    listed: ClassVar = InstrumentId("SOLUSDT.BYBIT")
    unlisted: ClassVar = InstrumentId("NOSUCHUSDT.BYBIT")
    quantity: ClassVar = Decimal(10)

    @pytest.fixture(autouse=True)
    def _flat_before_and_after(self, trading: Trading) -> Iterator[None]:
        leave_nothing(trading)
        yield
        leave_nothing(trading)

    @pytest.fixture
    def below(self, instrument: Instrument, price: Decimal) -> Decimal:
        """Three percent under the market: a stop of a long, a buy limit that rests."""
        return instrument.round_price(price * Decimal("0.97"))

    @pytest.fixture
    def above(self, instrument: Instrument, price: Decimal) -> Decimal:
        """Three percent over the market."""
        return instrument.round_price(price * Decimal("1.03"))

    def enter(self, trading: Trading, stop_loss: Decimal | None = None) -> OrderIntent:
        """Buy at the market."""
        entry = an_intent(self.listed, quantity=self.quantity, stop_loss=stop_loss)
        trading.submit(entry)
        assert settled(trading, entry).state is IntentState.FILLED
        return entry

    def held(self, trading: Trading) -> VenuePosition:
        """The one position."""
        (position,) = trading.positions()
        return position

    def fills_of(self, trading: Trading, intent: OrderIntent) -> list[Fill]:
        """Executions of one order, however long ago."""
        since = trading.wallet().read_at - timedelta(days=1)
        return [fill for fill in trading.fills(since) if fill.order_link_id == intent.order_link_id]

    def test_the_account_has_one_name(self, trading: Trading) -> None:
        assert trading.account_id()
        assert trading.account_id() == trading.account_id()

    def test_a_wallet_says_when_it_was_read_and_what_is_free(self, trading: Trading, instrument: Instrument) -> None:
        wallet = trading.wallet()
        assert wallet.read_at.utcoffset() == timedelta(0)
        balance = wallet.balances[instrument.settlement_currency]
        assert 0 < balance.available <= balance.equity
        assert balance.equity == balance.balance + balance.unrealised_pnl

    def test_an_order_that_never_was_is_none(self, trading: Trading) -> None:
        assert trading.order(self.listed, "never-sent") is None

    def test_a_market_order_is_filled_reported_and_held(self, trading: Trading) -> None:
        entry = self.enter(trading)
        report, fills, position = settled(trading, entry), self.fills_of(trading, entry), self.held(trading)
        assert (report.instrument_id, report.side, report.reduce_only) == (self.listed, Side.BUY, False)
        assert report.quantity == report.filled_quantity == sum(fill.quantity for fill in fills) == self.quantity
        assert report.average_price == position.average_price
        assert (position.instrument_id, position.side, position.quantity) == (self.listed, Side.BUY, self.quantity)
        assert {(fill.kind, fill.instrument_id, fill.side) for fill in fills} == {
            (FillKind.TRADE, self.listed, Side.BUY)
        }
        assert all(fill.execution_id and fill.fee > 0 and fill.fee_currency for fill in fills)

    def test_a_market_order_pays_the_takers_fee_of_its_instrument(
        self, trading: Trading, instrument: Instrument
    ) -> None:
        for fill in self.fills_of(trading, self.enter(trading)):
            assert (fill.fee, fill.is_maker) == (fill.quantity * fill.price * instrument.taker_fee, False)

    def test_an_acknowledgement_names_the_order_as_its_report_does(self, trading: Trading) -> None:
        entry = an_intent(self.listed, quantity=self.quantity)
        acknowledged, report = trading.submit(entry), settled(trading, entry)
        assert acknowledged.order_link_id == report.order_link_id == entry.order_link_id
        assert acknowledged.venue_order_id == report.venue_order_id != ""

    def test_a_repeated_link_id_is_acknowledged_and_trades_once(self, trading: Trading) -> None:
        entry = self.enter(trading)
        assert trading.submit(entry).order_link_id == entry.order_link_id
        assert self.held(trading).quantity == self.quantity
        assert sum(fill.quantity for fill in self.fills_of(trading, entry)) == self.quantity

    def test_a_limit_away_from_the_market_rests_until_it_is_cancelled(self, trading: Trading, below: Decimal) -> None:
        order = an_intent(self.listed, quantity=self.quantity, price=below)
        trading.submit(order)
        (resting,) = trading.open_orders()
        assert (resting.order_link_id, resting.state) == (order.order_link_id, IntentState.ACKNOWLEDGED)
        assert (resting.filled_quantity, resting.average_price) == (0, None)
        trading.cancel(self.listed, order.order_link_id)
        assert settled(trading, order).state is IntentState.CANCELLED
        assert trading.open_orders() == []
        assert trading.positions() == []

    def test_a_passed_limit_fills_at_no_worse_price(self, trading: Trading, above: Decimal) -> None:
        order = an_intent(self.listed, quantity=self.quantity, price=above)
        trading.submit(order)
        report = settled(trading, order)
        assert report.state is IntentState.FILLED
        assert report.average_price is not None
        assert report.average_price <= above

    def test_cancelling_what_is_final_is_a_success_and_changes_nothing(self, trading: Trading, below: Decimal) -> None:
        resting = an_intent(self.listed, quantity=self.quantity, price=below)
        trading.submit(resting)
        for _ in range(2):
            trading.cancel(self.listed, resting.order_link_id)
        entry = self.enter(trading)
        trading.cancel(self.listed, entry.order_link_id)
        assert settled(trading, resting).state is IntentState.CANCELLED
        assert settled(trading, entry).state is IntentState.FILLED
        assert self.held(trading).quantity == self.quantity

    def test_cancelling_an_order_nobody_knows_proves_nothing(self, trading: Trading) -> None:
        with pytest.raises(OrderOutcomeUnknown, match="never-sent"):
            trading.cancel(self.listed, "never-sent")

    def test_fills_count_from_the_instant_that_was_asked_for(self, trading: Trading) -> None:
        (fill,) = self.fills_of(trading, self.enter(trading))
        assert fill in trading.fills(fill.executed_at)
        assert fill not in trading.fills(fill.executed_at + timedelta(milliseconds=1))

    def test_fills_come_oldest_first(self, trading: Trading) -> None:
        entry = self.enter(trading)
        exit_order = an_intent(self.listed, Side.SELL, self.quantity, reduce_only=True)
        trading.submit(exit_order)
        settled(trading, exit_order)
        fills = trading.fills(trading.wallet().read_at - timedelta(days=1))
        keys = [(fill.executed_at, fill.sequence) for fill in fills]
        assert keys == sorted(keys)
        assert [fill.order_link_id for fill in fills][-2:] == [entry.order_link_id, exit_order.order_link_id]

    def test_an_exit_of_all_leaves_the_account_flat(self, trading: Trading) -> None:
        self.enter(trading)
        exit_order = an_intent(self.listed, Side.SELL, self.quantity, reduce_only=True)
        trading.submit(exit_order)
        assert settled(trading, exit_order).state is IntentState.FILLED
        assert trading.positions() == []

    def test_a_part_can_be_sold_and_the_rest_is_held(self, trading: Trading) -> None:
        self.enter(trading)
        exit_order = an_intent(self.listed, Side.SELL, self.quantity * Decimal("0.4"), reduce_only=True)
        trading.submit(exit_order)
        settled(trading, exit_order)
        assert self.held(trading).quantity == self.quantity * Decimal("0.6")

    def test_reduce_only_never_turns_a_position(self, trading: Trading) -> None:
        self.enter(trading)
        too_much = an_intent(self.listed, Side.SELL, 2 * self.quantity, reduce_only=True)
        trading.submit(too_much)
        assert settled(trading, too_much).filled_quantity == self.quantity
        assert trading.positions() == []

    def test_reduce_only_with_nothing_to_reduce_is_refused(self, trading: Trading) -> None:
        for held_first in (False, True):
            if held_first:
                self.enter(trading)
            order = an_intent(self.listed, Side.BUY, self.quantity, reduce_only=True)
            with pytest.raises(OrderRejectedByVenue):
                trading.submit(order)
            assert trading.order(self.listed, order.order_link_id) is None

    def test_a_refused_order_leaves_nothing_behind(self, trading: Trading, above: Decimal) -> None:
        stop_that_would_trigger = an_intent(self.listed, quantity=self.quantity, stop_loss=above)
        with pytest.raises(OrderRejectedByVenue):
            trading.submit(stop_that_would_trigger)
        assert trading.order(self.listed, stop_that_would_trigger.order_link_id) is None
        assert trading.open_orders() == trading.positions() == []

    def test_an_instrument_that_is_not_listed_is_a_definite_refusal(self, trading: Trading) -> None:
        with pytest.raises(OrderRejectedByVenue):
            trading.submit(an_intent(self.unlisted))
        with pytest.raises(OrderRejectedByVenue):
            trading.set_leverage(self.unlisted, Decimal(3))

    def test_an_entrys_stop_protects_the_position_and_is_no_resting_order(
        self, trading: Trading, below: Decimal
    ) -> None:
        self.enter(trading, stop_loss=below)
        assert self.held(trading).stop_loss == below
        assert trading.open_orders() == []

    def test_setting_the_same_stop_again_is_harmless(
        self, trading: Trading, below: Decimal, instrument: Instrument
    ) -> None:
        self.enter(trading)
        assert self.held(trading).stop_loss is None
        tighter = below + instrument.price_increment
        for stop in (below, tighter, tighter):
            trading.set_stop_loss(self.listed, stop)
            assert self.held(trading).stop_loss == stop

    def test_a_stop_without_a_position_is_refused(self, trading: Trading, below: Decimal) -> None:
        with pytest.raises(OrderRejectedByVenue):
            trading.set_stop_loss(self.listed, below)

    def test_a_passed_stop_is_refused_and_changes_nothing(
        self, trading: Trading, below: Decimal, above: Decimal
    ) -> None:
        self.enter(trading, stop_loss=below)
        with pytest.raises(StopPassed):
            trading.set_stop_loss(self.listed, above)
        assert self.held(trading).stop_loss == below

    def test_one_instrument_is_asked_about_alone_and_flat_is_an_answer(self, trading: Trading) -> None:
        assert trading.position(self.listed) is None
        self.enter(trading)
        assert trading.position(self.listed) == self.held(trading)

    def test_the_account_may_trade(self, trading: Trading) -> None:
        trading.require_tradable([self.listed])

    def test_leverage_is_set_once_and_again(self, trading: Trading) -> None:
        for leverage in (Decimal(5), Decimal(5), Decimal(3)):
            trading.set_leverage(self.listed, leverage)
        self.enter(trading)
        assert self.held(trading).leverage == 3


class FailingTradingContract:
    """Of a venue that can be made to fail: give ``trading``, ``lose_next_answer`` and ``fail_reads``."""

    listed: ClassVar = TradingContract.listed
    quantity: ClassVar = TradingContract.quantity

    def test_a_lost_answer_is_unknown_and_settled_by_asking(
        self, trading: Trading, lose_next_answer: Callable[[], None]
    ) -> None:
        entry = an_intent(self.listed, quantity=self.quantity)
        lose_next_answer()
        with pytest.raises(OrderOutcomeUnknown):
            trading.submit(entry)
        assert settled(trading, entry).state is IntentState.FILLED

    def test_a_venue_that_stays_silent_is_temporary_for_reads(
        self, trading: Trading, fail_reads: Callable[[], None]
    ) -> None:
        fail_reads()
        with pytest.raises(TemporaryVenueError):
            trading.positions()

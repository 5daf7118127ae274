"""A venue in memory: matches at one price per instrument, and fails on request."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from trading_pipeline.domain.model.accounts import Wallet
from trading_pipeline.domain.model.errors import (
    ConfigurationError,
    OrderOutcomeUnknown,
    OrderRejectedByVenue,
    StopPassed,
    VenueError,
)
from trading_pipeline.domain.model.fills import Fill, FillKind
from trading_pipeline.domain.model.orders import Acknowledgement, IntentState, OrderIntent, OrderReport, OrderType, Side
from trading_pipeline.domain.model.positions import VenuePosition
from trading_pipeline.ports.venue.trading import Trading
from trading_pipeline_tests.testkit.builders import ACCOUNT, instrument, usdt_wallet
from trading_pipeline_tests.testkit.fake_clock import FakeClock

FIRST_LEVERAGE = Decimal(5)


@dataclass(frozen=True)
class ResponseLost:
    """The order is accepted, the answer is lost."""


Fault = VenueError | ConfigurationError | ResponseLost


class FakeVenue(Trading):
    """Market orders fill at once at ``prices``, and so do limits that these have passed; others rest until ``move``.

    :ivar posts: link id of every create request that arrived, refused ones included.
    :ivar accepted: link id of every order that came into being.
    :ivar faults: by method name, what happens to its next calls; ``None`` lets one pass.
    :ivar forgets_stops: entries lose their attached stop.
    :ivar refuses_stops: ``set_stop_loss`` is rejected.
    :ivar holds_fills: market orders stay acknowledged until ``fill``.
    :ivar before_cancel: what happens while a cancellation is on its way.
    """

    def __init__(self, clock: FakeClock, prices: dict[str, Decimal], equity: Decimal = Decimal(10_000)) -> None:
        self.clock = clock
        self.prices = prices
        self.equity = equity
        self.posts: list[str] = []
        self.accepted: list[str] = []
        self.leverage: dict[str, Decimal] = {}
        self.faults: dict[str, list[Fault | None]] = defaultdict(list)
        self.forgets_stops = False
        self.refuses_stops = False
        self.holds_fills = False
        self.on_fill: Callable[[Fill], None] = lambda fill: None
        self.before_cancel: Callable[[], None] = lambda: None
        self._orders: dict[str, OrderReport] = {}
        self._intents: dict[str, OrderIntent] = {}
        self._positions: dict[str, VenuePosition] = {}
        self._fills: list[Fill] = []

    def account_id(self) -> str:
        """That of the lab's account."""
        return ACCOUNT.split(":")[1]

    def require_tradable(self, instrument_ids: Sequence[str]) -> None:
        """It is."""

    def submit(self, intent: OrderIntent) -> Acknowledgement:
        """Accept once per link id; a duplicate is acknowledged and does nothing."""
        self.posts.append(intent.order_link_id)
        fault = self._fault("submit")
        if isinstance(fault, VenueError | ConfigurationError):
            raise fault
        if intent.order_link_id not in self._orders:
            self._refuse(intent)
            self._accept(intent)
        if fault is not None:
            raise OrderOutcomeUnknown("the connection was lost while waiting for the answer")
        return Acknowledgement(intent.order_link_id, f"v-{intent.order_link_id}")

    def cancel(self, instrument_id: str, order_link_id: str) -> None:
        """Cancel what rests; of an order that is not here, the create may still be on its way."""
        self._raise_fault("cancel")
        self.before_cancel()
        report = self._orders.get(order_link_id)
        if report is None:
            raise OrderOutcomeUnknown(f"no order {order_link_id} to cancel")
        if not report.state.final:
            self._orders[order_link_id] = replace(report, state=IntentState.CANCELLED, updated_at=self.clock.now())

    def order(self, instrument_id: str, order_link_id: str) -> OrderReport | None:
        """What became of an order."""
        self._raise_fault("order")
        return self._orders.get(order_link_id)

    def open_orders(self) -> list[OrderReport]:
        """What rests."""
        self._raise_fault("open_orders")
        return [report for report in self._orders.values() if not report.state.final]

    def fills(self, since: datetime) -> list[Fill]:
        """Everything executed at or after ``since``."""
        self._raise_fault("fills")
        return [fill for fill in self._fills if fill.executed_at >= since]

    def position(self, instrument_id: str) -> VenuePosition | None:
        """The same answer as that about all, so that it fails with that."""
        return next((held for held in self.positions() if held.instrument_id == instrument_id), None)

    def positions(self) -> list[VenuePosition]:
        """What is not flat."""
        self._raise_fault("positions")
        return list(self._positions.values())

    def wallet(self) -> Wallet:
        """Equity without unrealised profit, all of it available."""
        self._raise_fault("wallet")
        return usdt_wallet(self.equity, self.clock.now())

    def set_stop_loss(self, instrument_id: str, stop_price: Decimal) -> None:
        """Set the stop unless it would trigger at once."""
        self._raise_fault("set_stop_loss")
        held = self._positions.get(instrument_id)
        if held is None or self.refuses_stops:
            raise OrderRejectedByVenue(f"no stop at {stop_price} for {instrument_id}")
        _refuse_stop(held.side, stop_price, self.prices[instrument_id])
        self._positions[instrument_id] = replace(held, stop_loss=stop_price)

    def set_leverage(self, instrument_id: str, leverage: Decimal) -> None:
        """Remember it."""
        self._raise_fault("set_leverage")
        self._refuse_unlisted(instrument_id)
        self.leverage[instrument_id] = leverage
        if instrument_id in self._positions:
            self._positions[instrument_id] = replace(self._positions[instrument_id], leverage=leverage)

    def move(self, instrument_id: str, price: Decimal) -> None:
        """Take the price to ``price``; the stop, then resting limits, fill at their own prices."""
        self.prices[instrument_id] = price
        held = self._positions.get(instrument_id)
        if held is not None and held.stop_loss is not None and _reached(held.side.opposite, price, held.stop_loss):
            self.trade(instrument_id, held.side.opposite, held.quantity, held.stop_loss, FillKind.STOP_LOSS)
        for link_id, intent in self._intents.items():
            resting = intent.instrument_id == instrument_id and not self._orders[link_id].state.final
            if resting and intent.price is not None and _reached(intent.side.opposite, price, intent.price):
                self.fill(link_id, intent.quantity, intent.price)

    def fill(self, link_id: str, quantity: Decimal, price: Decimal) -> None:
        """Execute a part of an order."""
        intent, report = self._intents[link_id], self._orders[link_id]
        held = self._positions.get(intent.instrument_id)
        if intent.reduce_only:
            room = held.quantity if held is not None and held.side is intent.side.opposite else Decimal(0)
            quantity = min(quantity, room)
        filled = report.filled_quantity + quantity
        if filled == report.filled_quantity:
            return
        paid = (report.average_price or Decimal(0)) * report.filled_quantity + quantity * price
        state = IntentState.FILLED if filled == intent.quantity else IntentState.PARTIALLY_FILLED
        self._orders[link_id] = replace(
            report, state=state, filled_quantity=filled, average_price=paid / filled, updated_at=self.clock.now()
        )
        self.trade(intent.instrument_id, intent.side, quantity, price, FillKind.TRADE, link_id)
        if intent.stop_loss is not None and not self.forgets_stops and intent.instrument_id in self._positions:
            held = self._positions[intent.instrument_id]
            self._positions[intent.instrument_id] = replace(held, stop_loss=intent.stop_loss)

    def end(self, link_id: str) -> None:
        """The venue cancels what is left of an order."""
        self._orders[link_id] = replace(self._orders[link_id], state=IntentState.CANCELLED)

    def trade(
        self, instrument_id: str, side: Side, quantity: Decimal, price: Decimal, kind: FillKind, link_id: str = ""
    ) -> None:
        """Book an execution on the position, whoever made the order."""
        number = len(self._fills) + 1
        order_id = f"v-{link_id or number}"
        fee = quantity * price * instrument(instrument_id).taker_fee
        at = self.clock.now()
        fill = Fill(
            f"x{number}", link_id, order_id, instrument_id, side, quantity, price, fee, "USDT", False, kind, at, number
        )
        self._fills.append(fill)
        held = self._positions.get(instrument_id)
        signed = Decimal(0) if held is None else held.quantity if held.side is Side.BUY else -held.quantity
        signed += quantity if side is Side.BUY else -quantity
        if signed == 0:
            self._positions.pop(instrument_id, None)
            self._cancel_reduce_only(instrument_id)
        else:
            stop = None if held is None else held.stop_loss
            now = Side.BUY if signed > 0 else Side.SELL
            leverage = self.leverage.get(instrument_id, FIRST_LEVERAGE)
            self._positions[instrument_id] = VenuePosition(
                instrument_id, now, abs(signed), price, stop, Decimal(0), leverage
            )
        self.on_fill(fill)

    def hold(self, position: VenuePosition) -> None:
        """The account holds this, whatever the fills say."""
        self._positions[position.instrument_id] = position

    def forget_fill(self) -> None:
        """The newest execution is in no answer any more."""
        self._fills.pop()

    def strip_stop(self, instrument_id: str) -> None:
        """The stop disappears."""
        self._positions[instrument_id] = replace(self._positions[instrument_id], stop_loss=None)

    def _refuse(self, intent: OrderIntent) -> None:
        """:raises OrderRejectedByVenue: the venue can see that the order makes no sense."""
        self._refuse_unlisted(intent.instrument_id)
        held = self._positions.get(intent.instrument_id)
        if intent.reduce_only and (held is None or held.side is intent.side):
            raise OrderRejectedByVenue(f"no position in {intent.instrument_id} that a {intent.side} reduces")
        if intent.stop_loss is not None:
            _refuse_stop(intent.side, intent.stop_loss, intent.price or self.prices[intent.instrument_id])

    def _refuse_unlisted(self, instrument_id: str) -> None:
        if instrument_id not in self.prices:
            raise OrderRejectedByVenue(f"{instrument_id} is not listed")

    def _accept(self, intent: OrderIntent) -> None:
        now, link_id = self.clock.now(), intent.order_link_id
        self.accepted.append(link_id)
        self._intents[link_id] = intent
        self._orders[link_id] = OrderReport(
            order_link_id=link_id,
            venue_order_id=f"v-{link_id}",
            instrument_id=intent.instrument_id,
            side=intent.side,
            state=IntentState.ACKNOWLEDGED,
            quantity=intent.quantity,
            filled_quantity=Decimal(0),
            average_price=None,
            reduce_only=intent.reduce_only,
            reason="",
            updated_at=now,
        )
        price = self.prices[intent.instrument_id]
        passed = intent.price is not None and _reached(intent.side.opposite, price, intent.price)
        if (intent.order_type is OrderType.MARKET and not self.holds_fills) or passed:
            self.fill(link_id, intent.quantity, self.prices[intent.instrument_id])

    def _cancel_reduce_only(self, instrument_id: str) -> None:
        for link_id, intent in self._intents.items():
            if intent.instrument_id == instrument_id and intent.reduce_only and not self._orders[link_id].state.final:
                self._orders[link_id] = replace(self._orders[link_id], state=IntentState.CANCELLED)

    def _fault(self, method: str) -> Fault | None:
        planned = self.faults[method]
        return planned.pop(0) if planned else None

    def _raise_fault(self, method: str) -> None:
        fault = self._fault(method)
        if isinstance(fault, VenueError | ConfigurationError):
            raise fault


def _refuse_stop(side: Side, stop: Decimal, price: Decimal) -> None:
    """:raises StopPassed: the stop of a position of that side would trigger at once."""
    if _reached(side.opposite, price, stop):
        raise StopPassed(f"stop {stop} would trigger at once at {price}")


def _reached(losing_side: Side, price: Decimal, level: Decimal) -> bool:
    """Whether a sell stop (or a buy limit) at ``level`` is hit at ``price``; mirrored for the other side."""
    return price <= level if losing_side is Side.SELL else price >= level

"""The one account of the toy venue."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from trading_pipeline.domain.model.accounts import Balance, Wallet
from trading_pipeline.domain.model.errors import OrderOutcomeUnknown, OrderRejectedByVenue, StopPassed
from trading_pipeline.domain.model.fills import Fill, FillKind
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.orders import Acknowledgement, IntentState, OrderIntent, OrderReport, OrderType, Side
from trading_pipeline.domain.model.positions import VenuePosition
from trading_pipeline.ports.venue.trading import Trading

from .market import FEE, PRICE, TULIP, ToyMarket


class ToyAccount(Trading):
    """Orders that meet the price fill at it, whole and at once; the others rest."""

    def __init__(self, market: ToyMarket) -> None:
        self._market = market
        self._orders: dict[str, OrderReport] = {}
        self._fills: list[Fill] = []
        self._held, self._stop, self._leverage = Decimal(0), None, Decimal(1)

    def account_id(self) -> str:
        """The first and only."""
        return "1"

    def require_tradable(self, instrument_ids: Sequence[InstrumentId]) -> None:
        """Any account trades tulips."""

    def submit(self, intent: OrderIntent) -> Acknowledgement:
        """Take the order, once."""
        link_id = intent.order_link_id
        if link_id not in self._orders:
            self._refuse(intent)
            self._orders[link_id] = self._accepted(intent)
            if intent.order_type is OrderType.MARKET or _passed(intent.side, intent.price):
                self._fill(intent)
        return Acknowledgement(link_id, self._orders[link_id].venue_order_id)

    def cancel(self, instrument_id: InstrumentId, order_link_id: str) -> None:
        """Cancel what rests."""
        report = self._orders.get(order_link_id)
        if report is None:
            raise OrderOutcomeUnknown(f"toy has no order {order_link_id}")
        if not report.state.final:
            self._orders[order_link_id] = replace(report, state=IntentState.CANCELLED)

    def order(self, instrument_id: InstrumentId, order_link_id: str) -> OrderReport | None:
        """What became of it."""
        return self._orders.get(order_link_id)

    def open_orders(self) -> list[OrderReport]:
        """What rests."""
        return [report for report in self._orders.values() if not report.state.final]

    def fills(self, since: datetime) -> list[Fill]:
        """In the order of trading."""
        return [fill for fill in self._fills if fill.executed_at >= since]

    def position(self, instrument_id: InstrumentId) -> VenuePosition | None:
        """The one, or none."""
        return next((held for held in self.positions() if held.instrument_id == instrument_id), None)

    def positions(self) -> list[VenuePosition]:
        """One, or none."""
        if not self._held:
            return []
        side = Side.BUY if self._held > 0 else Side.SELL
        return [VenuePosition(TULIP, side, abs(self._held), PRICE, self._stop, Decimal(0), self._leverage)]

    def wallet(self) -> Wallet:
        """What fees have left of 10,000 guilders."""
        left = Decimal(10_000) - sum((fill.fee for fill in self._fills), Decimal(0))
        return Wallet({"GUILDER": Balance(left, left, left, Decimal(0))}, self._market.now)

    def set_stop_loss(self, instrument_id: InstrumentId, stop_price: Decimal) -> None:
        """Remember it; at one price for ever none is reached."""
        if not self._held:
            raise OrderRejectedByVenue(f"toy: no position in {instrument_id} to protect")
        _refuse_stop(Side.BUY if self._held > 0 else Side.SELL, stop_price)
        self._stop = stop_price

    def set_leverage(self, instrument_id: InstrumentId, leverage: Decimal) -> None:
        """Remember it."""
        _refuse_unlisted(instrument_id)
        self._leverage = leverage

    def _refuse(self, intent: OrderIntent) -> None:
        _refuse_unlisted(intent.instrument_id)
        reducible = -self._held if intent.side is Side.BUY else self._held
        if intent.reduce_only and reducible <= 0:
            raise OrderRejectedByVenue("toy: nothing to reduce")
        if intent.stop_loss is not None:
            _refuse_stop(intent.side, intent.stop_loss)

    def _accepted(self, intent: OrderIntent) -> OrderReport:
        return OrderReport(
            order_link_id=intent.order_link_id,
            venue_order_id=f"toy-{len(self._orders)}",
            instrument_id=TULIP,
            side=intent.side,
            state=IntentState.ACKNOWLEDGED,
            quantity=intent.quantity,
            filled_quantity=Decimal(0),
            average_price=None,
            reduce_only=intent.reduce_only,
            reason="",
            updated_at=self._market.now,
        )

    def _fill(self, intent: OrderIntent) -> None:
        quantity = min(intent.quantity, abs(self._held)) if intent.reduce_only else intent.quantity
        state = IntentState.FILLED if quantity == intent.quantity else IntentState.CANCELLED
        report = self._orders[intent.order_link_id]
        self._orders[intent.order_link_id] = replace(report, state=state, filled_quantity=quantity, average_price=PRICE)
        number = len(self._fills) + 1
        self._fills.append(
            Fill(
                execution_id=f"toy-{number}",
                order_link_id=intent.order_link_id,
                venue_order_id=report.venue_order_id,
                instrument_id=TULIP,
                side=intent.side,
                quantity=quantity,
                price=PRICE,
                fee=quantity * PRICE * FEE,
                fee_currency="GUILDER",
                is_maker=False,
                kind=FillKind.TRADE,
                executed_at=self._market.now,
                sequence=number,
            )
        )
        self._held += quantity if intent.side is Side.BUY else -quantity
        self._stop = (intent.stop_loss or self._stop) if self._held else None


def _passed(side: Side, limit: Decimal | None) -> bool:
    return limit is not None and (limit >= PRICE if side is Side.BUY else limit <= PRICE)


def _refuse_unlisted(instrument_id: InstrumentId) -> None:
    if instrument_id != TULIP:
        raise OrderRejectedByVenue(f"toy trades no {instrument_id}, only {TULIP}")


def _refuse_stop(side: Side, stop: Decimal) -> None:
    if stop >= PRICE if side is Side.BUY else stop <= PRICE:
        raise StopPassed(f"toy: a stop at {stop} would trigger at once at {PRICE}")

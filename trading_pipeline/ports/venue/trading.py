"""Sending orders and reading the account."""

from abc import ABC, abstractmethod
from datetime import datetime
from decimal import Decimal

from trading_pipeline.domain.model.accounts import Wallet
from trading_pipeline.domain.model.fills import Fill
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.orders import Acknowledgement, OrderIntent, OrderReport
from trading_pipeline.domain.model.positions import VenuePosition


class Trading(ABC):
    """One account at one venue.

    Writes never retry by themselves. They raise ``OrderRejectedByVenue`` when the venue proved that
    nothing happened, ``OrderOutcomeUnknown`` when it did not (timeout, lost connection, 5xx, an
    answer that cannot be read), ``RateLimited`` when it refused before looking, and
    ``TradingForbiddenByVenue`` when the account may not trade. Reads raise ``TemporaryVenueError``.
    """

    @abstractmethod
    def account_id(self) -> str:
        """The venue's id of the account behind the key."""

    @abstractmethod
    def submit(self, intent: OrderIntent) -> Acknowledgement:
        """Send one order. A link id the venue has seen before counts as acknowledged."""

    @abstractmethod
    def cancel(self, instrument_id: InstrumentId, order_link_id: str) -> None:
        """Cancel an order; one that is already final is a success.

        :raises OrderOutcomeUnknown: also when the venue has no such order: its create may still be on the way.
        """

    @abstractmethod
    def order(self, instrument_id: InstrumentId, order_link_id: str) -> OrderReport | None:
        """Look an order up among open, closed and historical ones; ``None`` when the venue has none."""

    @abstractmethod
    def open_orders(self) -> list[OrderReport]:
        """Every resting order of the account, stop children left out."""

    @abstractmethod
    def fills(self, since: datetime) -> list[Fill]:
        """Fills executed at or after ``since`` (UTC venue time), oldest first, all instruments, all pages."""

    @abstractmethod
    def positions(self) -> list[VenuePosition]:
        """Positions that are not flat: quantities in base currency, prices in quote currency."""

    @abstractmethod
    def wallet(self) -> Wallet:
        """Balances now, each in its own currency."""

    @abstractmethod
    def set_stop_loss(self, instrument_id: InstrumentId, stop_price: Decimal) -> None:
        """Make ``stop_price`` the one full-position stop, triggered by the last price; repeating it is harmless.

        :param stop_price: quote currency, a whole number of ticks.
        """

    @abstractmethod
    def set_leverage(self, instrument_id: InstrumentId, leverage: Decimal) -> None:
        """Set the instrument's leverage (notional / margin, a ratio); setting what is set is a success."""

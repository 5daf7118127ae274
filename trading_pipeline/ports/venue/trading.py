"""Sending orders and reading the account."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
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
    answer that cannot be read), ``TurnedAway`` when it refused before looking, and
    ``TradingForbiddenByVenue`` when the account may not trade. Reads raise ``TemporaryVenueError``, and
    ``ConfigurationError`` for an instrument that the venue does not know any more.

    Rows of a list that cannot be read are left out unless it is all of them, so that what is missing proves nothing: a
    question about one order or one position is answered whole or not at all.
    """

    @abstractmethod
    def account_id(self) -> str:
        """The venue's id of the account behind the key."""

    @abstractmethod
    def require_tradable(self, instrument_ids: Sequence[InstrumentId]) -> None:
        """Make sure that key and account are of the kind that is supported, for each of the instruments.

        :raises ConfigurationError: they are not; the message says what to change.
        """

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
    def position(self, instrument_id: InstrumentId) -> VenuePosition | None:
        """What is held in one instrument; ``None`` where the venue says that it is nothing.

        :raises TemporaryVenueError: also when the answer says nothing about the instrument.
        :raises ConfigurationError: long and short are held apart, which is not supported.
        """

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
        :raises StopPassed: the price stands where it would trigger at once.
        """

    @abstractmethod
    def set_leverage(self, instrument_id: InstrumentId, leverage: Decimal) -> None:
        """Set the instrument's leverage (notional / margin, a ratio); setting what is set is a success."""

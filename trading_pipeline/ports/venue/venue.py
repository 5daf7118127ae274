"""A venue as the catalogue offers it: everything the system does there begins with one of these."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from trading_pipeline.domain.model.derived_bars import Derivations
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.market_feeds import MarketFeeds
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.venue.clock import Clock
from trading_pipeline.ports.venue.market_data import LiveMarket, MarketData
from trading_pipeline.ports.venue.reference_data import ReferenceData
from trading_pipeline.ports.venue.streams import ConditionsStream, MarketStream, VenueStream
from trading_pipeline.ports.venue.trading import Trading


class Venue(ABC):
    """One venue in one mode, with the key of one account where there is one. Making its parts asks nothing yet."""

    name: ClassVar[str]
    derivations: ClassVar[Derivations] = {}
    """Timeframes whose bars the venue does not publish, each with the one that they are made of."""

    @abstractmethod
    def market_data(self) -> MarketData:
        """Bars, instruments and the venue's time; needs no key; with one, instruments tell its account's fees."""

    @abstractmethod
    def live_market(self) -> LiveMarket:
        """Books and funding times, asked for with few retries: what comes late is too old to enter on."""

    @abstractmethod
    def clock(self) -> Clock:
        """Venue time, aware UTC."""

    @abstractmethod
    def key_fingerprint(self) -> str:
        """What tells the key from others and does not give it away.

        :raises ConfigurationError: there is no key.
        """

    @abstractmethod
    def trading(self) -> Trading:
        """The account behind the key."""

    @abstractmethod
    def market_stream(self, instrument_ids: Sequence[InstrumentId], timeframes: Sequence[Timeframe]) -> MarketStream:
        """The WebSocket of closed bars."""

    def conditions_stream(self, instrument_ids: Sequence[InstrumentId], feeds: MarketFeeds) -> ConditionsStream | None:  # noqa: ARG002 - for those that have one
        """The WebSocket of what stands between bars; ``None`` where nothing of it is wanted or the venue has none."""
        return None

    def reference_data(self) -> ReferenceData | None:
        """Funding, open interest and mark prices of the past; ``None`` where the venue has no such contracts."""
        return None

    @abstractmethod
    def account_stream(self) -> VenueStream:
        """The WebSocket of the account's orders and fills."""

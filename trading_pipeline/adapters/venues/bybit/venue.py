"""Bybit's linear perpetuals, as the catalogue offers them."""

import hashlib
from collections.abc import Sequence
from typing import ClassVar

from trading_pipeline.adapters.venues.bybit.clients import BybitClients
from trading_pipeline.adapters.venues.bybit.endpoints import endpoints
from trading_pipeline.adapters.venues.bybit.market_data import BybitMarketData
from trading_pipeline.adapters.venues.bybit.reference_data import BybitReferenceData
from trading_pipeline.adapters.venues.bybit.streams import BybitAccountStream, BybitConditionsStream, BybitMarketStream
from trading_pipeline.adapters.venues.bybit.trading import BybitTrading
from trading_pipeline.adapters.venues.deriving_market_data import DerivingMarketData
from trading_pipeline.adapters.venues.venue_clock import VenueClock
from trading_pipeline.domain.model.derived_bars import Derivations
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import InstrumentId, TradingMode
from trading_pipeline.domain.model.market_feeds import MarketFeeds
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.venue.venue import Venue
from trading_pipeline.settings import Settings

_CLOCK_MAX_AGE_S = 30.0
"""A machine's clock drifts by a millisecond or so in that time."""


class Bybit(Venue):
    """One account of the unified kind."""

    name: ClassVar[str] = "bybit"
    derivations: ClassVar[Derivations] = {Timeframe.H8: Timeframe.H1}

    def __init__(self, settings: Settings) -> None:
        """Find the addresses of the mode.

        :raises ConfigurationError: the mode needs an address that the settings do not give.
        """
        self._mode = settings.mode
        self._endpoints = endpoints(settings)
        self._clients = BybitClients(settings, self._endpoints)

    def market_data(self) -> DerivingMarketData:
        """Needs no key; with one, instruments tell the fees of its account."""
        return DerivingMarketData(BybitMarketData(self._clients.markets()), self.derivations)

    def live_market(self) -> BybitMarketData:
        """Without a key, with two attempts of two seconds each."""
        return BybitMarketData(self._clients.books())

    def clock(self) -> VenueClock:
        """Asked for every time where the venue's clock stands still and jumps."""
        jumps = self._mode is TradingMode.SIMULATED
        # Carried forward by this machine's clock, a replay's time would run on while it stands still for a wave.
        return VenueClock(self.market_data(), 0.0 if jumps else _CLOCK_MAX_AGE_S)

    def key_fingerprint(self) -> str:
        """A digest of the API key; the secret has no part in it."""
        if not self._clients.key:
            raise ConfigurationError("BYBIT_API_KEY is empty; set it to the key of the account to trade")
        # With the venue's name: two venues could give the same key.
        return hashlib.sha256(f"{self.name} {self._clients.key}".encode()).hexdigest()

    def trading(self) -> BybitTrading:
        """With the settings' key."""
        return BybitTrading(self._clients.account())

    def market_stream(
        self, instrument_ids: Sequence[InstrumentId], timeframes: Sequence[Timeframe]
    ) -> BybitMarketStream:
        """The public socket of linear contracts."""
        return BybitMarketStream(self._endpoints.public_ws, instrument_ids, timeframes)

    def reference_data(self) -> BybitReferenceData:
        """Without a key."""
        return BybitReferenceData(self._clients.public())

    def conditions_stream(
        self, instrument_ids: Sequence[InstrumentId], feeds: MarketFeeds
    ) -> BybitConditionsStream | None:
        """A public socket of its own, so that nothing on it comes before bars."""
        stream = BybitConditionsStream(self._endpoints.public_ws, instrument_ids, feeds)
        return stream if stream.topics else None

    def account_stream(self) -> BybitAccountStream:
        """The private socket."""
        return BybitAccountStream(self._endpoints.private_ws, self._clients.key, self._clients.secret)

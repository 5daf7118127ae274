"""The toy venue, as the catalogue offers it."""

from collections.abc import Sequence
from typing import ClassVar

from trading_pipeline.adapters.venues.venue_clock import VenueClock
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.venue.venue import Venue
from trading_pipeline.settings import Settings

from .account import ToyAccount
from .market import ToyMarket
from .streams import ToyAccountStream, ToyMarketStream


class Toy(Venue):
    """Needs no key and no network."""

    name: ClassVar[str] = "toy"

    def __init__(self, settings: Settings) -> None:
        self._market = ToyMarket()
        self._account = ToyAccount(self._market)

    def market_data(self) -> ToyMarket:
        """Tulips."""
        return self._market

    def live_market(self) -> ToyMarket:
        """The same."""
        return self._market

    def clock(self) -> VenueClock:
        """Where the market's clock stands."""
        return VenueClock(self._market, 0.0)

    def key_fingerprint(self) -> str:
        """Everybody is the same person here."""
        return "toy"

    def trading(self) -> ToyAccount:
        """The one account."""
        return self._account

    def market_stream(self, instrument_ids: Sequence[InstrumentId], timeframes: Sequence[Timeframe]) -> ToyMarketStream:
        """Silence."""
        return ToyMarketStream(timeframes)

    def account_stream(self) -> ToyAccountStream:
        """Silence."""
        return ToyAccountStream()

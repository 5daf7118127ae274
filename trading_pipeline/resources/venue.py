"""The venue of the trading mode: markets for everybody, the account for execution alone."""

import dagster as dg
from pydantic import Field, PrivateAttr

from trading_pipeline.adapters.notifiers.log import LogNotifier
from trading_pipeline.adapters.stores.accounting.equity_store import PostgresEquityLog
from trading_pipeline.adapters.stores.execution.ledger import PostgresLedger
from trading_pipeline.adapters.stores.execution.ledger_indicators import PostgresIndicatorReader
from trading_pipeline.adapters.stores.execution.ledger_signals import PostgresSignalReader
from trading_pipeline.adapters.stores.execution.risk_store import PostgresEntryGate, PostgresHaltRegister
from trading_pipeline.adapters.venues.bybit.client import BybitClient
from trading_pipeline.adapters.venues.bybit.endpoints import endpoints
from trading_pipeline.adapters.venues.bybit.live_guard import acknowledge_live
from trading_pipeline.adapters.venues.bybit.market_data import BybitMarketData
from trading_pipeline.adapters.venues.bybit.trading import BybitTrading
from trading_pipeline.adapters.venues.venue_clock import VenueClock
from trading_pipeline.ports.venue.clock import Clock
from trading_pipeline.ports.venue.market_data import LiveMarket, MarketData
from trading_pipeline.resources.parameters import Parameters
from trading_pipeline.resources.stores import Stores
from trading_pipeline.services.execution.desk import Desk
from trading_pipeline.settings import Settings, TradingMode

_CLOCK_MAX_AGE_S = 30.0
_MOMENT_TIMEOUT_S = 2.0
"""A book that takes longer is too old to enter on, and other plans wait."""


class Markets(dg.ConfigurableResource["Markets"]):
    """Public data and venue time; holds no key."""

    def market_data(self) -> MarketData:
        """Bars and instruments."""
        return BybitMarketData(BybitClient(endpoints(Settings()).rest, "", ""))

    def live_market(self) -> LiveMarket:
        """Books and funding times, asked for with little patience."""
        return BybitMarketData(BybitClient(endpoints(Settings()).rest, "", "", _MOMENT_TIMEOUT_S, attempts=2))

    def clock(self) -> Clock:
        """Venue time; asked for every time where the venue's clock stands still and jumps."""
        jumps = Settings().mode is TradingMode.SIMULATED
        return VenueClock(self.market_data(), 0.0 if jumps else _CLOCK_MAX_AGE_S)


class TradingDesk(dg.ConfigurableResource["TradingDesk"]):
    """The one account, with its key, as one run sees it: only execution jobs ask for it."""

    stores: dg.ResourceDependency[Stores]
    markets: dg.ResourceDependency[Markets]
    parameters: dg.ResourceDependency[Parameters]
    api_key: str = Field(description="key of the account")
    api_secret: str = Field(description="secret of the key")
    _desk: Desk = PrivateAttr()

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Read limits and instruments once for the whole run.

        :raises ConfigurationError: live mode without the account's acknowledgement.
        """
        settings = Settings()
        trading = BybitTrading(BybitClient(endpoints(settings).rest, self.api_key, self.api_secret))
        acknowledge_live(settings, trading)
        self._desk = Desk(
            run_id=context.run_id or "",
            ledger=PostgresLedger(self.stores.engine),
            trading=trading,
            market=self.markets.live_market(),
            signals=PostgresSignalReader(self.stores.engine),
            halts=PostgresHaltRegister(self.stores.engine),
            notifier=LogNotifier(),
            clock=self.markets.clock(),
            limits=self.parameters.risk,
            costs=self.parameters.costs,
            instruments=self.markets.market_data().instruments(),
        )

    @property
    def desk(self) -> Desk:
        """What every service that touches an order works with."""
        return self._desk

    @property
    def gate(self) -> PostgresEntryGate:
        """The one door to a new position."""
        return PostgresEntryGate(self.stores.engine)

    @property
    def equity(self) -> PostgresEquityLog:
        """Readings of the account's money."""
        return PostgresEquityLog(self.stores.engine)

    @property
    def indicators(self) -> PostgresIndicatorReader:
        """Stored indicators, for trailing stops."""
        return PostgresIndicatorReader(self.stores.engine)

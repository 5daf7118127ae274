"""The venue of the trading mode: markets for everybody, the account for execution alone."""

from pathlib import Path

import dagster as dg
from pydantic import PrivateAttr

from trading_pipeline.adapters.stores.execution.account_overview import PostgresAccountOverview
from trading_pipeline.adapters.stores.execution.ledger_trail import LedgerTrail
from trading_pipeline.adapters.venues.catalog import venue_named
from trading_pipeline.ports.stores.execution.risk_store import (
    EntryGate,
    EntryHealthReader,
    EquityLog,
    IndicatorReader,
    RiskEventLog,
)
from trading_pipeline.ports.venue.clock import Clock
from trading_pipeline.ports.venue.market_data import LiveMarket, MarketData
from trading_pipeline.ports.venue.venue import Venue
from trading_pipeline.resources.account_records import AccountRecords
from trading_pipeline.resources.execution_context import build_controls, build_execution_context
from trading_pipeline.resources.limits_in_force import limits_in_force
from trading_pipeline.resources.parameters import Parameters
from trading_pipeline.resources.stores import Stores
from trading_pipeline.services.execution.controls import Controls
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline.settings import Settings


class Markets(dg.ConfigurableResource["Markets"]):
    """Public data and venue time of the universe's venue."""

    parameters: dg.ResourceDependency[Parameters]

    def venue(self) -> Venue:
        """In the mode of this process."""
        # Read anew at each use: keys and addresses are the process's, not the definitions'.
        return venue_named(self.parameters.universe.venue, Settings())

    def market_data(self) -> MarketData:
        """Bars and instruments."""
        return self.venue().market_data()

    def live_market(self) -> LiveMarket:
        """Books and funding times, asked for with few retries."""
        return self.venue().live_market()

    def clock(self) -> Clock:
        """Venue time, in UTC."""
        return self.venue().clock()


class ExecutionResource(dg.ConfigurableResource["ExecutionResource"]):
    """The one account, with its key, as one run sees it: only execution jobs ask for it."""

    stores: dg.ResourceDependency[Stores]
    parameters: dg.ResourceDependency[Parameters]
    _run_id: str = PrivateAttr("")
    _execution_context: ExecutionContext | None = PrivateAttr(None)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Remember the run."""
        self._run_id = context.run.run_id if context.run else ""

    @property
    def context(self) -> ExecutionContext:
        """What every service that touches an order works with; limits and instruments are read once for the whole run.

        The venue is asked here and not before, so that a run which only halts needs none.

        :raises ConfigurationError: live mode without the account's acknowledgement.
        :raises TemporaryVenueError: the venue does not answer.
        """
        if self._execution_context is None:
            settings = Settings()
            venue = venue_named(self.parameters.universe.venue, settings)
            limits = limits_in_force(self.stores.engine, Path(self.parameters.config_dir))
            self._execution_context = build_execution_context(self.stores.engine, venue, settings, limits, self._run_id)
        return self._execution_context

    @property
    def positions(self) -> PostgresAccountOverview:
        """Positions of every account as they are stored."""
        return PostgresAccountOverview(self.stores.engine)

    @property
    def controls(self) -> Controls:
        """What commands of operators work with."""
        return build_controls(self.stores.engine)

    @property
    def trail(self) -> LedgerTrail:
        """Which rows of the ledger a run wrote."""
        return LedgerTrail(self.stores.engine)

    @property
    def gate(self) -> EntryGate:
        """The one door to a new position."""
        return self._records.gate

    @property
    def equity(self) -> EquityLog:
        """Readings of the account's money."""
        return self._records.equity

    @property
    def risk_events(self) -> RiskEventLog:
        """What the account's watch decided."""
        return self._records.risk_events

    @property
    def entry_health(self) -> EntryHealthReader:
        """How the venue treats entries."""
        return self._records.entry_health

    @property
    def indicators(self) -> IndicatorReader:
        """Stored indicators, for trailing stops."""
        return self._records.indicators

    @property
    def _records(self) -> AccountRecords:
        return AccountRecords(self.stores.engine, self.context.account_id, self._run_id, Settings().instance_name)

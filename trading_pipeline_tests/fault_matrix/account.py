"""An account at the simulated exchange, as jobs that touch orders see it: the real client, a real ledger."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal

import requests
from sqlalchemy import Engine, text

from trading_pipeline.adapters.stores.accounting.equity_store import PostgresEquityLog
from trading_pipeline.adapters.stores.execution.account_lease import AccountLease
from trading_pipeline.adapters.stores.execution.account_register import PostgresAccountRegister
from trading_pipeline.adapters.stores.execution.ledger import PostgresLedger
from trading_pipeline.adapters.stores.execution.ledger_signals import PostgresSignalReader
from trading_pipeline.adapters.stores.execution.reconciliation_log import PostgresReconciliationLog
from trading_pipeline.adapters.stores.execution.risk_store import PostgresEntryGate, PostgresHaltRegister
from trading_pipeline.adapters.stores.operations.command_log import PostgresCommandLog
from trading_pipeline.adapters.venues.bybit.client import BybitClient
from trading_pipeline.adapters.venues.bybit.market_data import BybitMarketData
from trading_pipeline.adapters.venues.bybit.trading import BybitTrading
from trading_pipeline.adapters.venues.request_limiter import RequestLimiter
from trading_pipeline.adapters.venues.venue_clock import VenueClock
from trading_pipeline.domain.model.timeframes import Timeframe, to_ms
from trading_pipeline.exchange_simulator.assembly import assemble
from trading_pipeline.exchange_simulator.configuration import Configuration
from trading_pipeline.exchange_simulator.exchange import Exchange
from trading_pipeline.exchange_simulator.execution_profile import ExecutionProfile
from trading_pipeline.exchange_simulator.faults import Faults
from trading_pipeline.exchange_simulator.server import Addresses, running_venue
from trading_pipeline.runtime.replay.lock_step import ExchangeClock, Stand
from trading_pipeline.services.execution.controls import Controls
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline.services.execution.retry_policy import RetryPolicy
from trading_pipeline_tests.exchange_simulator.builders import STEP_MS, Ohlc, a_series
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.databases import empty
from trading_pipeline_tests.testkit.execution_lab import LIMITS, WAVE, Postbox

HELD, NEXT = "BTCUSDT", "SOLUSDT"
"""The symbol that a fault strikes, and the one that is traded afterwards."""
BALANCE = Decimal(10_000)
_INSTANCE = "matrix"
_TIMEOUT_S = 0.5
_ATTEMPTS = 2
"""Of the client; production waits longer and asks more often, which a test would only wait for."""


@dataclass
class SimulatedAccount:
    """The account, and what the exchange itself has on record about it.

    :param limiter: counts the account's requests, as that of all processes does; ``None``: nobody counts.
    :ivar processes: names under which those write who are at work beside the runs.
    :ivar ended: runs that were found on record, and over.
    :param lookup_window_s: wall seconds in which "no such order" proves nothing; 20 in production.
    """

    database: Engine
    addresses: Addresses
    exchange: Exchange
    faults: Faults
    limiter: RequestLimiter | None = None
    lookup_window_s: float = 0.0
    postbox: Postbox = field(default_factory=Postbox)
    processes: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        PostgresAccountRegister(self.database).register(ACCOUNT, "the account's key")
        self.equity = PostgresEquityLog(self.database, ACCOUNT)
        self.halts = PostgresHaltRegister(self.database)
        self.controls = Controls(self.halts, PostgresCommandLog(self.database), self.postbox)
        self.differences = PostgresReconciliationLog(self.database, ACCOUNT)
        self.clock = ExchangeClock(self.addresses.rest_url)
        # Read once, as a run does before its first order: what strikes then is an outage and no matter of orders.
        self.instruments = BybitMarketData(self._client()).instruments()

    def _lease(self, run_id: str) -> AccountLease:
        """As every run and process takes it: it is how the database knows whose step it traces."""
        return AccountLease(self.database, ACCOUNT, _INSTANCE, run_id)

    def ledger_of(self, run_id: str) -> PostgresLedger:
        """The ledger of a run; of a process that is none where the id is empty."""
        return PostgresLedger(self._lease(run_id).fenced, ACCOUNT, run_id)

    def gate_of(self, run_id: str) -> PostgresEntryGate:
        """The gate of a run."""
        return PostgresEntryGate(self._lease(run_id).fenced, ACCOUNT)

    def _client(self) -> BybitClient:
        at = self.addresses
        return BybitClient(at.rest_url, at.api_key, at.api_secret, _TIMEOUT_S, _ATTEMPTS, self.limiter)

    def context(self, run_id: str = "run-1") -> ExecutionContext:
        """As every run builds it anew: nothing is remembered but what is stored."""
        client = self._client()
        market = BybitMarketData(client)
        return ExecutionContext(
            run_id=run_id,
            account_id=ACCOUNT,
            ledger=self.ledger_of(run_id),
            trading=BybitTrading(client),
            market=market,
            signals=PostgresSignalReader(self.database),
            halts=self.halts,
            differences=self.differences,
            notifier=self.postbox,
            clock=VenueClock(market, 0.0),
            limits=LIMITS,
            instruments=self.instruments,
            retries=RetryPolicy(tries=3, interval_s=0.0, lookup_window_s=self.lookup_window_s, pause=lambda _: None),
        )

    def arm(self, **fault: object) -> None:
        """Arm a fault, or let it happen now where it is none of a request."""
        answer = requests.post(f"{self.addresses.rest_url}/simulator/faults", json=fault, timeout=5)
        assert answer.status_code == 200, answer.text

    def disarm(self) -> None:
        """Forget faults that did not strike."""
        requests.post(f"{self.addresses.rest_url}/simulator/faults/clear", json={}, timeout=5).raise_for_status()

    def advance(self) -> Stand:
        """Let the market go on to the next fill or close."""
        return self.clock.advance()

    def end_leases(self) -> None:
        """Let claims of runs that died be over, which takes a minute of wall time."""
        with self.database.begin() as connection:
            connection.execute(
                text("UPDATE trading.trade_plans SET claimed_until = '2000-01-01' WHERE claimed_until IS NOT NULL")
            )


@contextmanager
def simulated_account(
    database: Engine, path: list[Ohlc], limiter: RequestLimiter | None = None
) -> Iterator[SimulatedAccount]:
    """An empty ledger and an exchange at ``WAVE`` whose first symbol walks ``path`` in bars of 5m; the other rests."""
    flat: Ohlc = (100.0, 100.0, 100.0, 100.0)
    with simulated_markets(database, {HELD: path, NEXT: [flat] * len(path)}, limiter) as account:
        yield account


@contextmanager
def simulated_markets(
    database: Engine, paths: Mapping[str, list[Ohlc]], limiter: RequestLimiter | None = None
) -> Iterator[SimulatedAccount]:
    """An empty ledger and an exchange at ``WAVE`` whose symbols walk these bars of 5m, from 100 on."""
    empty(database)
    flat: Ohlc = (100.0, 100.0, 100.0, 100.0)
    series = {symbol: a_series([flat, *path], to_ms(WAVE) - STEP_MS) for symbol, path in paths.items()}
    wanted = Configuration(tuple(paths), lock_step=Timeframe.M5, profile=ExecutionProfile.IDEAL, balance=BALANCE)
    venue = assemble(wanted, series, WAVE, "matrix")
    with running_venue(venue) as addresses:
        yield SimulatedAccount(database, addresses, venue.exchange, venue.faults, limiter)

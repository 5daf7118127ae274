"""How long a wave of orders takes, and how long it takes to look after many positions.

The real client against the simulated exchange in a process of its own, the real ledger in an embedded PostgreSQL; what
Dagster adds is in ``wave_latency.py``. Printed beside what is wanted:

* 20 plans of one wave, from the claim to the last acknowledgement: 3 s;
* one pass over 100 open positions, each with a stop and two targets: 1 s;
* reconciliation of 50 positions with 100 resting targets: 2 s.

    python benchmarks/order_passes.py
"""

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from sqlalchemy import text

from trading_pipeline.adapters.stores.execution.ledger_indicators import PostgresIndicatorReader
from trading_pipeline.adapters.stores.postgres.database import connect, ensure_database
from trading_pipeline.adapters.stores.postgres.migration import migrate
from trading_pipeline.adapters.venues.venue_clock import VenueClock
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.risk.entry_size import sizing_inputs
from trading_pipeline.runtime.supervision.embedded import EmbeddedPostgres
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline.services.execution.manage_positions import manage_positions
from trading_pipeline.services.execution.reconcile_account import reconcile_account
from trading_pipeline.services.execution.retry_policy import RetryPolicy
from trading_pipeline_tests.adapters.venues.simulator import Simulator, simulator
from trading_pipeline_tests.testkit.execution_lab import LIMITS, Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

INSTRUMENTS = 100
WAVE_PLANS = 20
REPEATS = 5


class Account:
    """A lab whose venue is a running exchange."""

    def __init__(self, lab: Lab, exchange: Simulator) -> None:
        market = exchange.market_data()
        self.lab = lab
        self.now = Timeframe.M15.floor(market.server_time())
        self._indicators = PostgresIndicatorReader(lab.database)
        limits = replace(
            LIMITS, risk_per_trade=Decimal("0.0005"), max_open_positions=INSTRUMENTS, max_leverage=Decimal(50)
        )
        self.context: ExecutionContext = replace(
            lab.context(),
            trading=exchange.trading(),
            market=market,
            instruments=market.instruments(),
            clock=VenueClock(market, 30.0),
            limits=limits,
            retries=RetryPolicy(),
        )

    def plan(self, names: list[InstrumentId]) -> None:
        """A long in each, with its stop a hundredth away."""
        for name in names:
            (bar,) = self.context.market.bars(name, Timeframe.M15, self.now - timedelta(minutes=15), self.now)[-1:]
            plan = replace(
                trade_plan(name, close_time=self.now),
                entry_price=bar.close,
                stop_price=bar.close * Decimal("0.99"),
                sizing=sizing_inputs(self.context.limits),
            )
            store_plan(self.lab.database, plan)

    def execute(self) -> None:
        """What waits, as one run does."""
        execute_plans(context=self.context, gate=self.lab.gate, equity=self.lab.equity)

    def settle(self) -> None:
        """Execute and look after what is held until nothing waits: the venue takes so many orders a second."""
        while self.count("trade_plans WHERE status IN ('new', 'claimed')") + self.count(
            "order_intents WHERE state = 'intended'"
        ):
            self.lab.end_leases()
            self.execute()
            self.manage()

    def manage(self) -> None:
        """As at a close."""
        manage_positions(context=self.context, indicators=self._indicators, wave=self.now, finest=Timeframe.M15)

    def reconcile(self) -> None:
        """As every minute."""
        reconcile_account(context=self.context)

    def count(self, query: str) -> int:
        """Rows of the ledger."""
        with self.lab.database.connect() as connection:
            return int(connection.execute(text(f"SELECT count(*) FROM trading.{query}")).scalar_one())

    def last_acknowledgement(self) -> float:
        """Wall seconds since 1970."""
        query = "SELECT extract(epoch FROM max(acknowledged_at)) FROM trading.order_intents WHERE purpose = 'E'"
        with self.lab.database.connect() as connection:
            return float(connection.execute(text(query)).scalar_one())


def measure(lab: Lab) -> None:
    """Enter, look after, compare."""
    names = [InstrumentId(f"GEN{number:04d}USDT.BYBIT") for number in range(INSTRUMENTS)]
    # At wall speed: where the venue's clock stands, its limits of requests a second never end.
    with simulator(",".join(name.symbol for name in names), lock_step="") as exchange:
        account = Account(lab, exchange)
        account.plan(names[:WAVE_PLANS])
        began = time.time()
        account.execute()
        entered = account.count("order_intents WHERE purpose = 'E'")
        _said(f"{entered} plans, last acknowledged", [account.last_acknowledgement() - began], 3.0)
        account.plan(names[WAVE_PLANS : INSTRUMENTS // 2])
        account.settle()
        _pass(account, "reconciliation", account.reconcile, 2.0)
        account.plan(names[INSTRUMENTS // 2 :])
        account.settle()
        _pass(account, "pass over positions", account.manage, 1.0)


def _pass(account: Account, what: str, work: Callable[[], object], wanted_s: float) -> None:
    held = account.count("positions WHERE status = 'open'")
    resting = account.count("order_intents WHERE state = 'acknowledged'")
    took = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    _said(f"{what}, {held} held, {resting} resting", took, wanted_s)


def _said(what: str, took: list[float], wanted_s: float) -> None:
    print(f"{what:<50} p50 {statistics.median(took):6.2f} s   max {max(took):6.2f} s   wanted {wanted_s:.0f} s")


def main() -> None:
    """Measure and print."""
    print(f"load of the machine before: {', '.join(f'{load:.1f}' for load in os.getloadavg())} (1, 5, 15 minutes)")
    folder = Path(tempfile.mkdtemp(prefix="passes-bench-"))
    folder.chmod(0o755)
    server = EmbeddedPostgres(folder / "postgres")
    server.start()
    try:
        address = server.url("bench", "psycopg")
        ensure_database(address)
        migrate(address)
        lab = Lab(connect(address))
        measure(lab)
        lab.database.dispose()
    finally:
        with suppress(OSError):
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()

"""From raw bars to trade plans on one database, as one run goes through the services."""

from datetime import datetime

from sqlalchemy import Engine, text

from trading_pipeline.adapters.stores.market_data.bar_store import PostgresBarStore
from trading_pipeline.adapters.stores.market_data.check_store import PostgresCheckStore
from trading_pipeline.adapters.stores.market_data.wave_store import PostgresWaveStore
from trading_pipeline.adapters.stores.strategy.plan_store import PostgresPlanStore
from trading_pipeline.adapters.stores.strategy.signal_store import PostgresSignalStore
from trading_pipeline.adapters.stores.strategy.snapshot_store import PostgresSnapshotStore
from trading_pipeline.domain.model.partitions import PartitionRange
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.strategies.framework.plan import StrategyConfig
from trading_pipeline.domain.strategies.registry import strategy_named
from trading_pipeline.services.market_data.check_bars import CheckReport, check_bars
from trading_pipeline.services.market_data.consolidate_bars import consolidate_bars
from trading_pipeline.services.strategy.compute_indicators import compute_indicators
from trading_pipeline.services.strategy.generate_signals import SignalReport, generate_signals
from trading_pipeline.services.strategy.plan_trades import Planner, PlanReport, plan_trades
from trading_pipeline_tests.testkit.execution_lab import LIFECYCLE, LIMITS
from trading_pipeline_tests.testkit.fakes_market_data import ListStream

TABLES = {
    "bars": "instrument_id, timeframe, open_time",
    "data_checks": "instrument_id, timeframe, close_time",
    "indicator_snapshots": "instrument_id, timeframe, close_time",
    "signals": "signal_id",
    "trade_plans": "plan_id",
}


class Vertical:
    """Stores and services from raw bars to plans, as one run uses them."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.bars = PostgresBarStore(engine)
        self.checks = PostgresCheckStore(engine)
        self.snapshots = PostgresSnapshotStore(engine)
        self.signals = PostgresSignalStore(engine)
        self.waves = PostgresWaveStore(engine)
        self.stream = ListStream()
        strategy = strategy_named("ema_atr", {"fast_period": 3, "slow_period": 8, "atr_period": 5})
        self.strategies = [StrategyConfig(strategy, tuple(Timeframe), (), LIFECYCLE)]
        self.planner = Planner(
            self.signals,
            self.snapshots,
            PostgresPlanStore(engine),
            self.waves,
            self.stream,
            self.strategies,
            LIMITS,
        )

    def judge(self, scope: PartitionRange, now: datetime, bars: PostgresBarStore | None = None) -> CheckReport:
        """Consolidate and check."""
        consolidate_bars(bars or self.bars, scope, now)
        return check_bars(bars or self.bars, self.checks.save, scope, now)

    def decide(self, scope: PartitionRange, now: datetime, bars: PostgresBarStore | None = None) -> SignalReport:
        """Everything up to signals."""
        self.judge(scope, now, bars)
        compute_indicators(bars or self.bars, self.checks, self.snapshots, scope, now)
        return generate_signals(bars or self.bars, self.checks, self.signals, self.strategies, scope, now)

    def run(
        self,
        scope: PartitionRange,
        now: datetime,
        wave: datetime | None = None,
        run_id: str = "run-1",
        bars: PostgresBarStore | None = None,
    ) -> PlanReport:
        """Everything up to plans, on a store of bars that a worker keeps where there is one."""
        self.decide(scope, now, bars)
        return plan_trades(self.planner, scope, wave, run_id)

    def rows(self) -> dict[str, list[str]]:
        """Every computed row as the database prints it; wall times and run ids are left out."""
        return {
            table: self._texts(
                f"SELECT (to_jsonb(t) - 'written_at' - 'run_id')::text FROM trading.{table} t ORDER BY {key}"
            )
            for table, key in TABLES.items()
        }

    def versions(self) -> dict[str, list[str]]:
        """Place and writing transaction of every computed row: they change when a row is written or locked."""
        return {
            table: self._texts(f"SELECT (ctid, xmin, xmax)::text FROM trading.{table} ORDER BY ctid")
            for table in TABLES
        }

    def _texts(self, query: str) -> list[str]:
        with self.engine.connect() as connection:
            connection.execute(text("SET LOCAL search_path = trading"))
            return list(connection.exec_driver_sql(query).scalars())

    def empty(self) -> None:
        """Forget what was computed and keep what was heard."""
        self._truncate(*TABLES)

    def wipe(self) -> None:
        """Forget everything."""
        self._truncate(*TABLES, "raw_bars", "waves", "listings")

    def _truncate(self, *tables: str) -> None:
        with self.engine.begin() as connection:
            connection.execute(text("TRUNCATE " + ", ".join(f"trading.{table}" for table in tables) + " CASCADE"))

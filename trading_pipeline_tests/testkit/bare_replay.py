"""The services of a replay in one process: what Dagster, sensors and feed do, one call after the other."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from trading_pipeline.adapters.stores.bar_store import PostgresBarStore
from trading_pipeline.adapters.stores.check_store import PostgresCheckStore
from trading_pipeline.adapters.stores.equity_store import PostgresEquityLog
from trading_pipeline.adapters.stores.ledger import PostgresLedger
from trading_pipeline.adapters.stores.ledger_indicators import PostgresIndicatorReader
from trading_pipeline.adapters.stores.ledger_signals import PostgresSignalReader
from trading_pipeline.adapters.stores.plan_store import PostgresPlanStore
from trading_pipeline.adapters.stores.risk_store import PostgresEntryGate, PostgresHaltRegister
from trading_pipeline.adapters.stores.signal_store import PostgresSignalStore
from trading_pipeline.adapters.stores.snapshot_store import PostgresSnapshotStore
from trading_pipeline.adapters.stores.trade_history import PostgresTradeHistory
from trading_pipeline.adapters.stores.wave_store import PostgresWaveStore
from trading_pipeline.adapters.venues.bybit.client import BybitClient
from trading_pipeline.adapters.venues.bybit.market_data import BybitMarketData
from trading_pipeline.adapters.venues.bybit.trading import BybitTrading
from trading_pipeline.adapters.venues.venue_clock import VenueClock
from trading_pipeline.domain.model.bars import BarSource
from trading_pipeline.domain.model.partitions import PartitionRange
from trading_pipeline.domain.model.timeframes import Timeframe, day_of
from trading_pipeline.domain.strategies.plan import StrategyPlan
from trading_pipeline.domain.strategies.registry import strategy_named
from trading_pipeline.exchange_simulator.market_model import generate
from trading_pipeline.exchange_simulator.recorded_bars import load
from trading_pipeline.exchange_simulator.server import Addresses
from trading_pipeline.runtime.lock_step import ExchangeClock
from trading_pipeline.runtime.parity import series_frame
from trading_pipeline.services.check_parity import check_parity
from trading_pipeline.services.compare_parity import ParityReport
from trading_pipeline.services.compute_indicators import compute_indicators
from trading_pipeline.services.desk import Desk
from trading_pipeline.services.execute_plans import execute_plans
from trading_pipeline.services.follow_fills import follow_fills
from trading_pipeline.services.generate_signals import generate_signals
from trading_pipeline.services.ingest_bars import ingest_bars
from trading_pipeline.services.manage_positions import manage_positions
from trading_pipeline.services.parity_question import ParityQuestion
from trading_pipeline.services.plan_trades import Planner, plan_trades
from trading_pipeline.services.record_equity import record_equity
from trading_pipeline.services.refresh_bars import refresh_bars
from trading_pipeline_tests.testkit.fakes_market_data import ListStream
from trading_pipeline_tests.testkit.trading_desk import LIFECYCLE, LIMITS, Postbox


def strategy_plan(name: str, timeframe: Timeframe, **parameters: object) -> StrategyPlan:
    """A strategy as the configuration would run it."""
    return StrategyPlan(strategy_named(name, dict(parameters)), (timeframe,), (), LIFECYCLE)


@dataclass
class BareReplay:
    """One strategy on one timeframe, from an exchange that stands still to its trades.

    :param history_start: first bar that anything is computed from.
    """

    engine: Engine
    exchange: Addresses
    plan: StrategyPlan
    symbols: tuple[str, ...]
    start: datetime
    history_start: datetime
    postbox: Postbox = field(default_factory=Postbox)

    def __post_init__(self) -> None:
        self.timeframe = self.plan.timeframes[0]
        self.clock = ExchangeClock(self.exchange.rest_url)
        client = BybitClient(self.exchange.rest_url, self.exchange.api_key, self.exchange.api_secret)
        self.market = BybitMarketData(client)
        self.bars, self.checks = PostgresBarStore(self.engine), PostgresCheckStore(self.engine)
        self.signals, self.waves = PostgresSignalStore(self.engine), PostgresWaveStore(self.engine)
        self.snapshots, self.equity = PostgresSnapshotStore(self.engine), PostgresEquityLog(self.engine)
        self.planner = Planner(
            self.signals, self.snapshots, PostgresPlanStore(self.engine), self.waves, ListStream(), [self.plan], LIMITS
        )
        self.desk = Desk(
            run_id="run-1",
            ledger=PostgresLedger(self.engine),
            trading=BybitTrading(client),
            market=self.market,
            signals=PostgresSignalReader(self.engine),
            halts=PostgresHaltRegister(self.engine),
            notifier=self.postbox,
            clock=VenueClock(self.market, 0.0),
            limits=LIMITS,
            instruments=self.market.instruments(),
        )

    def run(self, until: datetime) -> None:
        """Wave by wave until a close, and on the way whatever the account hears."""
        while True:
            stand = self.clock.advance()
            if stand.event:
                follow_fills(desk=self.desk)
                continue
            self.wave(stand.now)
            if stand.now >= until:
                break

    def wave(self, now: datetime) -> None:
        """Everything that happens at one close."""
        opened = now - self.timeframe.duration
        heard = [bar for symbol in self.symbols for bar in self.market.bars(symbol, self.timeframe, opened, now)]
        ingest_bars(self.bars, ListStream(), heard, BarSource.WEBSOCKET)
        day = day_of(opened)
        scope = PartitionRange(self.symbols, self.timeframe, day, day + timedelta(days=1), self.history_start)
        refresh_bars(self.bars, self.checks, self.market, scope, now)
        compute_indicators(self.bars, self.checks, self.snapshots, scope, now)
        generate_signals(self.bars, self.checks, self.signals, [self.plan], scope, now)
        plan_trades(self.planner, scope, now, "run-1")
        indicators = PostgresIndicatorReader(self.engine)
        manage_positions(desk=self.desk, indicators=indicators, wave=now, finest=self.timeframe)
        record_equity(trading=self.desk.trading, equity=self.equity)
        execute_plans(desk=self.desk, gate=PostgresEntryGate(self.engine), equity=self.equity)

    def parity(self, bars: Path | int, until: datetime) -> ParityReport:
        """What the engine says of the same bars: of a folder, or generated from a seed."""
        if isinstance(bars, Path):
            series, _ = load(bars, self.symbols, self.start)
        else:
            series = {symbol: generate(symbol, bars) for symbol in self.symbols}
        frame = self.bars.frame(self.symbols, self.timeframe, self.history_start, until)
        question = ParityQuestion(
            plan=self.plan,
            timeframe=self.timeframe,
            bars={str(name): rows.reset_index(drop=True) for name, rows in frame.groupby("symbol", sort=False)},
            start=self.start,
            end=until,
            limits=LIMITS,
            instruments=self.desk.instruments,
            fine_bars={symbol: series_frame(symbol, one) for symbol, one in series.items()},
        )
        return check_parity(question, self.signals, PostgresTradeHistory(self.engine))

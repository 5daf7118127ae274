"""The services of a replay in one process: what Dagster, sensors and feed do, one call after the other."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from trading_pipeline.adapters.stores.accounting.equity_store import PostgresEquityLog
from trading_pipeline.adapters.stores.execution.ledger import PostgresLedger
from trading_pipeline.adapters.stores.execution.ledger_indicators import PostgresIndicatorReader
from trading_pipeline.adapters.stores.execution.ledger_signals import PostgresSignalReader
from trading_pipeline.adapters.stores.execution.reconciliation_log import PostgresReconciliationLog
from trading_pipeline.adapters.stores.execution.risk_store import PostgresEntryGate, PostgresHaltRegister
from trading_pipeline.adapters.stores.market_data.bar_store import PostgresBarStore
from trading_pipeline.adapters.stores.market_data.check_store import PostgresCheckStore
from trading_pipeline.adapters.stores.market_data.resident_bars import Kept, ResidentBarStore
from trading_pipeline.adapters.stores.market_data.wave_store import PostgresWaveStore
from trading_pipeline.adapters.stores.research.trade_history import PostgresTradeHistory
from trading_pipeline.adapters.stores.strategy.plan_store import PostgresPlanStore
from trading_pipeline.adapters.stores.strategy.signal_store import PostgresSignalStore
from trading_pipeline.adapters.stores.strategy.snapshot_store import PostgresSnapshotStore
from trading_pipeline.adapters.venues.bybit.client import BybitClient
from trading_pipeline.adapters.venues.bybit.market_data import BybitMarketData
from trading_pipeline.adapters.venues.bybit.trading import BybitTrading
from trading_pipeline.domain.model.bars import BarSource
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.partitions import PartitionRange
from trading_pipeline.domain.model.timeframes import Timeframe, closing_timeframes, day_of
from trading_pipeline.domain.strategies.framework.plan import StrategyConfig
from trading_pipeline.domain.strategies.registry import strategy_named
from trading_pipeline.exchange_simulator.recorded_bars import load
from trading_pipeline.exchange_simulator.server import Addresses
from trading_pipeline.runtime.replay.lock_step import ExchangeClock
from trading_pipeline.runtime.replay.price_path import generated, recorded_funding, series_frame
from trading_pipeline.services.accounting.record_equity import record_equity
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline.services.execution.follow_fills import follow_fills
from trading_pipeline.services.execution.manage_positions import manage_positions
from trading_pipeline.services.market_data.ingest_bars import ingest_bars
from trading_pipeline.services.market_data.narrow_to_wave import narrow_to_wave
from trading_pipeline.services.market_data.refresh_bars import refresh_bars
from trading_pipeline.services.research.account_backtest import steps_of
from trading_pipeline.services.research.check_parity import check_parity
from trading_pipeline.services.research.compare_parity import ParityReport
from trading_pipeline.services.research.parity_question import ParityQuestion
from trading_pipeline.services.research.stored_bars import stored_bars
from trading_pipeline.services.strategy.compute_indicators import compute_indicators
from trading_pipeline.services.strategy.generate_signals import generate_signals
from trading_pipeline.services.strategy.plan_trades import Planner, plan_trades
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.execution_lab import LIFECYCLE, Postbox
from trading_pipeline_tests.testkit.execution_run import execute_plans
from trading_pipeline_tests.testkit.fake_clock import FakeClock
from trading_pipeline_tests.testkit.fakes_market_data import ListStream


def strategy_plan(name: str, timeframe: Timeframe, **parameters: object) -> StrategyConfig:
    """A strategy as the configuration would run it."""
    return StrategyConfig(strategy_named(name, dict(parameters)), (timeframe,), (), LIFECYCLE)


@dataclass
class BareReplay:
    """Strategies on one account, from an exchange that stands still to their trades.

    :param plans: the account's strategies; they share limits and costs.
    :param history_start: first bar that anything is computed from.
    """

    engine: Engine
    exchange: Addresses
    plans: Sequence[StrategyConfig]
    instrument_ids: tuple[InstrumentId, ...]
    start: datetime
    history_start: datetime
    postbox: Postbox = field(default_factory=Postbox)
    kept: dict[Timeframe, Kept] = field(default_factory=dict)

    def __post_init__(self) -> None:
        wanted = {one for plan in self.plans for one in (*plan.timeframes, *plan.strategy.higher_timeframes)}
        self.timeframes = sorted(wanted, key=lambda timeframe: timeframe.ms)
        self.limits = self.plans[0].lifecycle.limits
        self.clock = ExchangeClock(self.exchange.rest_url)
        # what the venue would answer as long as it stands still; asking it was a third of all requests
        self.told = FakeClock(self.start)
        client = BybitClient(self.exchange.rest_url, self.exchange.api_key, self.exchange.api_secret)
        self.market = BybitMarketData(client)
        self.bars, self.checks = PostgresBarStore(self.engine), PostgresCheckStore(self.engine)
        self.signals, self.waves = PostgresSignalStore(self.engine), PostgresWaveStore(self.engine)
        self.snapshots, self.equity = PostgresSnapshotStore(self.engine), PostgresEquityLog(self.engine, ACCOUNT)
        self.planner = Planner(
            signals=self.signals,
            snapshots=self.snapshots,
            plans=PostgresPlanStore(self.engine),
            waves=self.waves,
            stream=ListStream(),
            strategies=self.plans,
            limits=self.limits,
        )
        self.context = ExecutionContext(
            run_id="run-1",
            account_id=ACCOUNT,
            ledger=PostgresLedger(self.engine, ACCOUNT),
            trading=BybitTrading(client),
            market=self.market,
            signals=PostgresSignalReader(self.engine),
            halts=PostgresHaltRegister(self.engine),
            differences=PostgresReconciliationLog(self.engine, ACCOUNT),
            notifier=self.postbox,
            clock=self.told,
            limits=self.limits,
            instruments=self.market.instruments(),
        )

    def run(self, until: datetime) -> None:
        """Wave by wave until a close, and on the way whatever the account hears."""
        while True:
            stand = self.clock.advance()
            self.told.set(stand.now)
            if stand.event:
                follow_fills(context=self.context)
                continue
            self.wave(stand.now)
            if stand.now >= until:
                break

    def wave(self, now: datetime) -> None:
        """Everything that happens at one close: all timeframes are computed, then it is one decision."""
        bars = ResidentBarStore(self.engine, kept=self.kept)
        scopes = []
        for timeframe in closing_timeframes(now, self.timeframes):
            scope = self._scope(timeframe, now)
            opened = now - scope.timeframe.duration
            heard = [
                bar
                for instrument_id in self.instrument_ids
                for bar in self.market.bars(instrument_id, scope.timeframe, opened, now)
            ]
            ingest_bars(bars, ListStream(), heard, BarSource.WEBSOCKET)
            bars.resume(timeframe, self.waves.begin(now, timeframe, "one code"))
            scope = narrow_to_wave(self.waves, self.checks, scope, self.timeframes, now, "one code")
            refresh_bars(bars, self.checks, self.market, scope, now)
            compute_indicators(bars, self.checks, self.snapshots, scope, now)
            scopes.append(scope)
        for scope in scopes:
            generate_signals(bars, self.checks, self.signals, self.plans, scope, now, live=True)
            plan_trades(self.planner, scope, now, "run-1")
        indicators = PostgresIndicatorReader(self.engine)
        manage_positions(context=self.context, indicators=indicators, wave=now, finest=self.timeframes[0])
        record_equity(trading=self.context.trading, equity=self.equity)
        execute_plans(context=self.context, gate=PostgresEntryGate(self.engine, ACCOUNT), equity=self.equity)
        follow_fills(context=self.context)  # targets that a layer put behind the close fill as they are placed

    def _scope(self, timeframe: Timeframe, now: datetime) -> PartitionRange:
        day = day_of(now - timeframe.duration)
        return PartitionRange(self.instrument_ids, timeframe, day, day + timedelta(days=1), self.history_start)

    def parity(self, bars: Path | int, until: datetime) -> ParityReport:
        """What the plain backtest says of the same bars: of a folder, or generated from a seed."""
        if isinstance(bars, Path):
            series, _ = load(bars, tuple(one.symbol for one in self.instrument_ids), self.start)
        else:
            series = {one.symbol: generated(one, bars, self.start, until) for one in self.instrument_ids}
        question = ParityQuestion(
            plans=self.plans,
            bars=stored_bars(self.bars, self.instrument_ids, self.timeframes, self.history_start, until),
            start=self.start,
            end=until,
            capital=10_000.0,
            steps=steps_of(self.context.instruments, self.instrument_ids),
            path={one: series_frame(one, series[one.symbol]) for one in self.instrument_ids},
            funding=recorded_funding(bars if isinstance(bars, Path) else None, self.instrument_ids),
        )
        return check_parity(question, self.signals, PostgresTradeHistory(self.engine))

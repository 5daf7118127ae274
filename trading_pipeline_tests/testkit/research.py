"""Bar files, questions, backtests to run and finished runs for tests of research."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from trading_pipeline.domain.backtest.config import BacktestConfig
from trading_pipeline.domain.model.backtest_runs import EquityCurve, LegRecord, RunRecord, TradeRecord
from trading_pipeline.domain.model.bar_frames import FILE_COLUMNS
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.model.trade_history import FlatStart, SignalOutcome, TradeRow
from trading_pipeline.domain.risk.limits import RiskLimits
from trading_pipeline.domain.strategies.registry import strategy_named
from trading_pipeline.ports.stores.research.trade_history import TradeHistory
from trading_pipeline.services.research.backtest_request import BacktestRequest, StrategyRun
from trading_pipeline.services.research.parity_question import ParityQuestion
from trading_pipeline.services.research.sample_bars import sample_bars
from trading_pipeline.services.strategy.book_evidence import BookEvidence
from trading_pipeline_tests.domain.strategies.bars import random_bars
from trading_pipeline_tests.domain.strategies.golden import golden_bars
from trading_pipeline_tests.testkit.bare_replay import strategy_plan
from trading_pipeline_tests.testkit.execution_lab import LIFECYCLE, LIMITS

START = datetime(2025, 3, 1, tzinfo=UTC)


def write_bars(path: Path, bars: pd.DataFrame) -> Path:
    """Bars with ``BAR_COLUMNS`` as a file that the command line reads."""
    opens = bars["open_time"].astype("datetime64[ms, UTC]").to_numpy("datetime64[ms]").astype(np.int64)
    bars.assign(open_time_ms=opens)[list(FILE_COLUMNS)].to_csv(path, index=False)
    return path


def golden_file(folder: Path, seed: int, count: int = 700) -> Path:
    """The golden series of ``seed`` as a file."""
    return write_bars(folder / f"golden_{seed}.csv", golden_bars(seed, count))


def a_request(instrument_ids: tuple[str, ...] = ("BTCUSDT.BYBIT",), **changes: object) -> BacktestRequest:
    """Crossing averages on 3,000 hours of each instrument; ``changes`` of the one run or of the request."""
    bars = {
        instrument_id: sample_bars(instrument_id, Timeframe.H1, 3_000, seed)
        for seed, instrument_id in enumerate(sorted(instrument_ids))
    }
    ordered = {instrument_id: bars[instrument_id] for instrument_id in instrument_ids}
    run = {"strategy": strategy_named("ema_cross", {}), "timeframe": Timeframe.H1, "bars": ordered}
    run |= {"config": BacktestConfig()}
    run |= {name: changes.pop(name) for name in list(changes) if name in run}
    request = {"runs": [StrategyRun(**run)], "code_version": "test", **changes}  # type: ignore[arg-type]
    return BacktestRequest(**request)  # type: ignore[arg-type]


@dataclass(frozen=True)
class ToldHistory(TradeHistory):
    """An account of which this is told, whatever is asked; nothing happened unless something is."""

    told: Sequence[TradeRow] = ()
    outcomes: Sequence[SignalOutcome] = ()

    def trades(self, *_: object) -> list[TradeRow]:
        """What is told."""
        return list(self.told)

    def signal_outcomes(self, *_: object) -> list[SignalOutcome]:
        """What is told."""
        return list(self.outcomes)

    def flat_start(self, since: datetime) -> FlatStart | None:
        """Always."""
        return FlatStart(since, 10_000.0)

    def live_span(self, timeframe: Timeframe) -> tuple[datetime, datetime] | None:
        """Never."""
        return None


def a_question(
    strategy: str = "ema_atr", limits: RiskLimits = LIMITS, books: BookEvidence | None = None, **parameters: object
) -> ParityQuestion:
    """A strategy on 200 hours of one instrument."""
    bars = random_bars(200, timeframe="1h")
    plan = strategy_plan(strategy, Timeframe.H1, **(parameters or {"fast_period": 3, "slow_period": 8}))
    return ParityQuestion(
        plans=[replace(plan, lifecycle=replace(LIFECYCLE, limits=limits))],
        bars={Timeframe.H1: {InstrumentId("BTCUSDT.BYBIT"): bars}},
        start=bars["open_time"].iloc[0].to_pydatetime(),
        end=bars["close_time"].iloc[-1].to_pydatetime(),
        capital=10_000.0,
        books=books,
        given=("nothing but bars",),
    )


def a_trade(hours: int = 0, pnl: float = 10.0, side: Bias = Bias.LONG, reason: str = "take_profit") -> TradeRecord:
    """A trade with two exits, entered ``hours`` after the start."""
    entry, leave = START + timedelta(hours=hours), START + timedelta(hours=hours + 5)
    legs = (LegRecord(leave - timedelta(hours=1), 101.0, 0.4, "take_profit"), LegRecord(leave, 102.0, 0.6, reason))
    return TradeRecord(
        instrument_id="BTCUSDT.BYBIT",
        side=side,
        entry_time=entry,
        entry_price=100.1,
        exit_time=leave,
        exit_price=101.6,
        quantity=0.3,
        pnl_usdt=pnl,
        pnl_r=pnl / 10,
        gross_pnl_r=(pnl + 0.1 - 0.02) / 10,
        fees_usdt=0.1,
        funding_usdt=-0.02,
        exit_reason=reason,
        legs=legs,
        entries=(LegRecord(entry, 100.1, 1.0, "entry"),),
        stop_price=99.0,
        mfe_usdt=12.0,
        mae_usdt=1.5,
    )


def a_run(run_id: str = "abc123", trades: tuple[TradeRecord, ...] | None = None, **metrics: float | None) -> RunRecord:
    """A finished run with two trades unless given."""
    made = (a_trade(), a_trade(24, -4.0, Bias.SHORT, "stop_loss")) if trades is None else trades
    close_ms = np.array([int((START + timedelta(hours=hour)).timestamp() * 1000) for hour in range(1, 73)])
    params = {
        "strategy": "divergence",
        "strategy_version": "v1",
        "instrument_ids": ["BTCUSDT.BYBIT"],
        "timeframe": "1h",
        "code_version": "0.1.0+test",
        "config": {"initial_capital": 10_000.0, "exits": {"next_bar_exit": True}},
    }
    curve = EquityCurve(close_ms, 10_000.0 + np.arange(72) * 0.5)
    return RunRecord(run_id, params, {"trades": float(len(made)), "net_profit": 6.0, **metrics}, made, curve)

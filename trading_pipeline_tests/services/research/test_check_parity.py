"""What the backtest that the pipeline is held against knows of the pipeline: nothing."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.strategy.signal_store import PostgresSignalStore
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.model.trade_history import FlatStart, SignalOutcome, TradeRow
from trading_pipeline.domain.portfolio.sizing import SizingModel, SizingRule
from trading_pipeline.domain.risk.limits import RiskLimits
from trading_pipeline.ports.stores.research.trade_history import TradeHistory
from trading_pipeline.services.research.account_backtest import strategy_runs
from trading_pipeline.services.research.backtest_rows import trade_rows
from trading_pipeline.services.research.check_parity import check_parity
from trading_pipeline.services.research.compare_parity import ParityReport
from trading_pipeline.services.research.parity_question import ParityQuestion
from trading_pipeline.services.research.research_window import Window
from trading_pipeline.services.research.run_backtest import BacktestRequest, run_backtest
from trading_pipeline_tests.domain.strategies.bars import random_bars
from trading_pipeline_tests.testkit.bare_replay import strategy_plan
from trading_pipeline_tests.testkit.execution_lab import LIFECYCLE, LIMITS


class NothingTraded(TradeHistory):
    """An account in which nothing happened."""

    def trades(self, *_: object) -> list[TradeRow]:
        """None."""
        return []

    def signal_outcomes(self, *_: object) -> list[SignalOutcome]:
        """None."""
        return []

    def flat_start(self, since: datetime) -> FlatStart | None:
        """Always."""
        return FlatStart(since, 10_000.0)

    def live_span(self, timeframe: Timeframe) -> tuple[datetime, datetime] | None:
        """Never."""
        return None


class Traded(NothingTraded):
    """An account that made these trades."""

    def __init__(self, rows: list[TradeRow]) -> None:
        self._rows = rows

    def trades(self, *_: object) -> list[TradeRow]:
        """All of them."""
        return self._rows


def question(limits: RiskLimits) -> ParityQuestion:
    bars = random_bars(200, timeframe="1h")
    plan = strategy_plan("ema_atr", Timeframe.H1, fast_period=3, slow_period=8)
    return ParityQuestion(
        plans=[replace(plan, lifecycle=replace(LIFECYCLE, limits=limits))],
        bars={Timeframe.H1: {"BTCUSDT.BYBIT": bars}},
        start=bars["open_time"].iloc[0].to_pydatetime(),
        end=bars["close_time"].iloc[-1].to_pydatetime(),
        capital=10_000.0,
        given=("nothing but bars",),
    )


def asked(database: Engine, limits: RiskLimits = LIMITS) -> ParityReport:
    return check_parity(question(limits), PostgresSignalStore(database), NothingTraded())


@pytest.mark.parametrize(
    "limits",
    [LIMITS, replace(LIMITS, sizing=SizingRule(SizingModel.FIXED, fixed_amount=Decimal(500)))],
    ids=["by risk", "fixed"],
)
def test_the_backtest_decides_every_entry_itself(database: Engine, limits: RiskLimits) -> None:
    asked_of = question(limits)
    done = run_backtest(BacktestRequest(strategy_runs(asked_of.plans, asked_of.bars), code_version=""))
    report = asked(database, limits)
    missing = [one for one in report.differences if one.kind == "trade ema_atr 1h"]
    assert len(missing) == len(trade_rows(done, asked_of.end)) > 0
    assert {(one.pipeline, one.engine) for one in missing} == {("none", "present")}


def test_signals_fates_and_trades_that_the_pipeline_lacks_are_all_told(database: Engine) -> None:
    report = asked(database)
    assert {one.kind for one in report.differences} == {
        "signal",
        "exit signal",
        "outcome ema_atr 1h",
        "trade ema_atr 1h",
    }
    assert not report.equal
    assert "DIFFERENCES" in report.summary()


def test_trades_are_held_against_the_fees_that_are_given(database: Engine) -> None:
    given = question(LIMITS)
    paid = {"BTCUSDT.BYBIT": {"maker_fee_bps": 1.0, "taker_fee_bps": 4.0}}
    window = Window(given.start, given.end, by_close=True)
    runs = strategy_runs(given.plans, given.bars)
    done = run_backtest(BacktestRequest(runs, code_version="", window=window, fees=paid))
    traded = Traded(list(trade_rows(done, given.end)))

    def differing(asked_of: ParityQuestion) -> list[str]:
        report = check_parity(asked_of, PostgresSignalStore(database), traded)
        return [str(one) for one in report.differences if one.kind.startswith("trade")]

    assert differing(replace(given, fees=paid)) == []
    assert any("fees" in one for one in differing(given))


def test_what_the_backtest_was_given_stands_in_the_result(database: Engine) -> None:
    report = asked(database)
    assert report.given == ("nothing but bars",)
    assert report.summary().endswith("given: nothing but bars")

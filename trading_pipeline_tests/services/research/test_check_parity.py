"""What the backtest that the pipeline is held against knows of the pipeline: nothing."""

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.strategy.signal_store import PostgresSignalStore
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.portfolio.sizing import SizingModel, SizingRule
from trading_pipeline.domain.risk.limits import RiskLimits
from trading_pipeline.services.research.account_backtest import strategy_runs
from trading_pipeline.services.research.backtest_request import BacktestRequest
from trading_pipeline.services.research.backtest_rows import trade_rows
from trading_pipeline.services.research.check_parity import check_parity
from trading_pipeline.services.research.compare_parity import ParityReport
from trading_pipeline.services.research.parity_question import ParityQuestion
from trading_pipeline.services.research.run_backtest import run_backtest
from trading_pipeline_tests.domain.strategies.bars import random_bars
from trading_pipeline_tests.testkit.bare_replay import strategy_plan
from trading_pipeline_tests.testkit.execution_lab import LIMITS
from trading_pipeline_tests.testkit.research import ToldHistory, a_question


def asked(database: Engine, limits: RiskLimits = LIMITS) -> ParityReport:
    return check_parity(a_question(limits=limits), PostgresSignalStore(database), ToldHistory())


@pytest.mark.parametrize(
    "limits",
    [LIMITS, replace(LIMITS, sizing=SizingRule(SizingModel.FIXED, fixed_amount=Decimal(500)))],
    ids=["by risk", "fixed"],
)
def test_the_backtest_decides_every_entry_itself(database: Engine, limits: RiskLimits) -> None:
    asked_of = a_question(limits=limits)
    done = run_backtest(BacktestRequest(strategy_runs(asked_of.plans, asked_of.bars), code_version=""))
    report = asked(database, limits)
    missing = [one for one in report.differences if one.kind == "trade ema_atr 1h"]
    assert len(missing) == len(trade_rows(done, asked_of.end)) > 0
    assert {(one.pipeline, one.engine) for one in missing} == {("none", "present")}


def test_signals_outcomes_and_trades_that_the_pipeline_lacks_are_all_told(database: Engine) -> None:
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
    given = a_question()
    paid = {"BTCUSDT.BYBIT": {"maker_fee_bps": 1.0, "taker_fee_bps": 4.0}}
    runs = strategy_runs(given.plans, given.bars)
    done = run_backtest(BacktestRequest(runs, code_version="", window=given.window, fees=paid))
    traded = ToldHistory(trade_rows(done, given.end))

    def differing(asked_of: ParityQuestion) -> list[str]:
        report = check_parity(asked_of, PostgresSignalStore(database), traded)
        return [str(one) for one in report.differences if one.kind.startswith("trade")]

    assert differing(replace(given, fees=paid)) == []
    assert any("fees" in one for one in differing(given))


def test_what_the_backtest_was_given_stands_in_the_result(database: Engine) -> None:
    report = asked(database)
    assert report.given == ("nothing but bars",)
    assert report.summary().endswith("given: nothing but bars")


def test_the_last_closes_trade_is_left_out(database: Engine) -> None:
    asked_of, signals = a_question(), PostgresSignalStore(database)
    missing = [one for one in asked(database).differences if one.kind == "trade ema_atr 1h"]
    done = run_backtest(BacktestRequest(strategy_runs(asked_of.plans, asked_of.bars), code_version=""))
    first = trade_rows(done, asked_of.end)[0]
    layer = replace(first.entries[0], bar_close=asked_of.end)
    history = ToldHistory(told=[replace(first, entries=(*first.entries, layer))])
    report = check_parity(asked_of, signals, history)
    assert (report.trades, report.legs, report.still_open) == (0, 0, 0)
    assert len([one for one in report.differences if one.kind == "trade ema_atr 1h"]) == len(missing) - 1


def test_a_strategy_whose_timeframe_is_too_young_is_left_out_by_name(database: Engine) -> None:
    hours = a_question()
    (plan,) = hours.plans
    days = strategy_plan("ema_cross", Timeframe.D1)
    young = {InstrumentId("BTCUSDT.BYBIT"): random_bars(8, timeframe="1d")}
    both = replace(hours, plans=[plan, days], bars={**hours.bars, Timeframe.D1: young})
    report, alone = (check_parity(one, PostgresSignalStore(database), ToldHistory()) for one in (both, hours))
    assert (report.strategies, report.differences) == (alone.strategies, alone.differences)
    (lacking,) = set(report.given) - set(alone.given)
    assert lacking.startswith("no ema_cross 1d of BTCUSDT.BYBIT, which has fewer than")


def test_where_every_timeframe_is_too_young_it_is_said_what_is_missing(database: Engine) -> None:
    hours = a_question()
    young = {timeframe: {name: frame[:3] for name, frame in by_id.items()} for timeframe, by_id in hours.bars.items()}
    with pytest.raises(DataError, match=r"BTCUSDT\.BYBIT 1h: 3 bars: ema_atr needs"):
        check_parity(replace(hours, bars=young), PostgresSignalStore(database), ToldHistory())

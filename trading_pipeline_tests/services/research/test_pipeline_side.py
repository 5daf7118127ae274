"""What the pipeline stored of a question, and nothing beyond its end."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Engine

from trading_pipeline.adapters.stores.strategy.signal_store import PostgresSignalStore
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.services.research.account_backtest import strategy_runs
from trading_pipeline.services.research.engine_side import engine_side
from trading_pipeline.services.research.pipeline_side import pipeline_side
from trading_pipeline_tests.testkit.research import ToldHistory, a_question

BTC = "BTCUSDT.BYBIT"


def test_signals_of_the_strategies_that_run_are_read_whole(database: Engine) -> None:
    question, store = a_question(), PostgresSignalStore(database)
    runs = strategy_runs(question.plans, question.bars)
    computed = engine_side(question, runs)[0].signals
    stranger = replace(computed[0], signal_id="stranger", strategy="rsi")
    store.replace([*computed, stranger], [BTC], Timeframe.H1, question.start, question.end)
    stored = pipeline_side(question, runs, store, ToldHistory()).signals
    assert sorted(one.signal_id for one in stored) == sorted(one.signal_id for one in computed)


def test_what_the_last_close_decided_is_left_out(database: Engine) -> None:
    question = a_question()
    runs = strategy_runs(question.plans, question.bars)
    engine = engine_side(question, runs)[0]
    trade, outcome = engine.trades[0], engine.outcomes[0]
    end, late = question.end, question.end + timedelta(hours=1)
    history = ToldHistory(
        told=[trade, *(replace(trade, signalled_at=at) for at in (end, late))],
        outcomes=[outcome, *(replace(outcome, close_time=at) for at in (end, late))],
    )
    side = pipeline_side(question, runs, PostgresSignalStore(database), history)
    assert (side.trades, side.outcomes) == ([trade], [outcome])

"""The signals of one pass over all bars, beside those that the engine finds for itself."""

from dataclasses import replace
from datetime import timedelta

import pytest

from trading_pipeline.domain.backtest.signals import EntrySignals
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.signals import Bias, SignalKind
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.strategies.framework.arrays import BarArrays
from trading_pipeline.services.research.account_backtest import strategy_runs
from trading_pipeline.services.research.recompute_signals import engine_signals, recomputed_signals
from trading_pipeline_tests.testkit.research import a_question

BTC = "BTCUSDT.BYBIT"


def test_entries_handed_to_the_engine_are_those_it_finds_for_itself() -> None:
    question = a_question()
    (run,) = strategy_runs(question.plans, question.bars)
    computed = list(recomputed_signals(question, run))
    handed = engine_signals(question, run, computed)[BTC]
    found = EntrySignals.of_strategy(run.strategy, run.bars[BTC], BarArrays.of(run.bars[BTC]), exits=False)
    assert {one.kind for one in computed} == set(SignalKind)
    assert len(handed) > 0
    assert handed.bar_index.tolist() == found.bar_index.tolist()
    assert handed.direction.tolist() == found.direction.tolist()
    assert handed.stop_price == pytest.approx(found.stop_price)


def test_signals_of_others_are_not_handed_to_the_engine() -> None:
    question = a_question()
    (run,) = strategy_runs(question.plans, question.bars)
    entry = next(one for one in recomputed_signals(question, run) if one.kind is SignalKind.ENTRY)
    others = [
        replace(entry, strategy="rsi"),
        replace(entry, instrument_id=InstrumentId("ETHUSDT.BYBIT")),
        replace(entry, timeframe=Timeframe.M15),
    ]
    assert engine_signals(question, run, [entry, *others])[BTC].direction.tolist() == [
        1 if entry.bias is Bias.LONG else -1
    ]


def test_a_window_without_bars_is_refused() -> None:
    question = a_question()
    (run,) = strategy_runs(question.plans, question.bars)
    later = question.end + timedelta(days=1)
    empty = replace(question, start=later, end=later + timedelta(days=1))
    with pytest.raises(DataError, match=r"BTCUSDT\.BYBIT 1h: no bars from 2024"):
        list(recomputed_signals(empty, run))

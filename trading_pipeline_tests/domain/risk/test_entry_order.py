"""Which entry takes the last slot."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.risk.entry_order import entry_order
from trading_pipeline.domain.risk.limits import EntriesBy
from trading_pipeline_tests.testkit.execution_lab import WAVE, trade_plan

ADA = replace(trade_plan("ADAUSDT.BYBIT"), score=Decimal(10))
SOL = replace(trade_plan("SOLUSDT.BYBIT"), score=Decimal(90))


def test_the_instrument_comes_first_or_the_higher_score() -> None:
    assert entry_order([SOL, ADA], EntriesBy.SYMBOL) == (ADA, SOL)
    assert entry_order([ADA, SOL], EntriesBy.SCORE) == (SOL, ADA)


def test_an_older_close_comes_before_a_higher_score() -> None:
    older = replace(ADA, close_time=WAVE - timedelta(minutes=15))
    assert entry_order([SOL, older], EntriesBy.SCORE) == (older, SOL)


def test_of_one_instrument_the_longer_timeframe_comes_first() -> None:
    hour = trade_plan("ADAUSDT.BYBIT", timeframe=Timeframe.H1)
    assert entry_order([ADA, hour], EntriesBy.SYMBOL) == (hour, ADA)

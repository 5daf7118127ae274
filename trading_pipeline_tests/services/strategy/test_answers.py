"""A strategy that fails takes its own instrument and timeframe out, and nothing else."""

import threading
from dataclasses import asdict, replace
from datetime import timedelta

import pandas as pd
import pytest
from sqlalchemy import Engine

from trading_pipeline.domain.model.bars import BarSource
from trading_pipeline.domain.model.errors import StrategyFailed
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.strategies.framework.base import Strategy
from trading_pipeline.domain.strategies.framework.plan import StrategyConfig
from trading_pipeline.services.strategy.answers import answers_of
from trading_pipeline.services.strategy.time_limit import time_limit
from trading_pipeline.services.strategy.windows import DayWindow
from trading_pipeline_tests.testkit.builders import START, a_range, walk
from trading_pipeline_tests.testkit.execution_lab import LIFECYCLE
from trading_pipeline_tests.testkit.failing_strategies import Endless, Misconfigured, Raising
from trading_pipeline_tests.testkit.market_vertical import Vertical

BTC, SOL = "BTCUSDT.BYBIT", "SOLUSDT.BYBIT"
DAY = timedelta(days=1)


def asked(strategy: Strategy, limit_s: float = 10) -> None:
    """Ask about a day of hours."""
    bars = pd.DataFrame([asdict(bar) for bar in walk(count=24)])
    window = DayWindow(BTC, bars, pd.Series([True] * len(bars)))
    answers_of(window, StrategyConfig(strategy, (Timeframe.H1,), (), LIFECYCLE), Timeframe.H1, limit_s)


def test_what_a_strategy_raises_is_named_with_its_place() -> None:
    with pytest.raises(
        StrategyFailed, match=r"ema_atr: ZeroDivisionError at failing_strategies.py:\d+: over 24 bars"
    ) as caught:
        asked(Raising())
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_our_own_errors_are_the_strategys_failure_too() -> None:
    with pytest.raises(StrategyFailed, match=r"ConfigurationError at failing_strategies\.py"):
        asked(Misconfigured())


def test_a_strategy_that_comes_to_no_end_is_ended() -> None:
    with pytest.raises(StrategyFailed, match=r"ema_atr: no answer within 0.05 s"):
        asked(Endless(), limit_s=0.05)


def test_the_limit_is_gone_after_the_block() -> None:
    with time_limit(0.05):
        pass
    threading.Event().wait(0.1)


def test_another_thread_has_no_limit_and_no_error() -> None:
    ended = []

    def patient() -> None:
        with time_limit(0.01):
            threading.Event().wait(0.05)
        ended.append(True)

    thread = threading.Thread(target=patient)
    thread.start()
    thread.join()
    assert ended


@pytest.fixture
def vertical(database: Engine) -> Vertical:
    """Two days of two instruments."""
    made = Vertical(database)
    made.bars.append_raw([*walk(BTC, count=48), *walk(SOL, count=48)], BarSource.REST)
    return made


def test_a_failing_instrument_keeps_its_rows(
    vertical: Vertical,
) -> None:
    scope = a_range([BTC, SOL], days=2)
    vertical.decide(a_range([BTC, SOL], days=1), START + DAY)
    before = vertical.rows()["signals"]
    sound = vertical.strategies[0]
    vertical.strategies.append(replace(sound, strategy=Raising(), instrument_ids=(SOL,)))
    report = vertical.decide(scope, START + 2 * DAY)
    assert {name: str(failure)[:27] for name, failure in report.failed.items()} == {SOL: "ema_atr: ZeroDivisionError "}
    after = vertical.rows()["signals"]
    assert [row for row in after if SOL in row] == [row for row in before if SOL in row]
    vertical.strategies[:] = [sound]
    vertical.decide(scope, START + 2 * DAY)
    whole = vertical.rows()["signals"]
    assert [row for row in after if BTC in row] == [row for row in whole if BTC in row]
    assert len(whole) > len(after)

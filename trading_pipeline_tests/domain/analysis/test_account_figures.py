"""Figures of an account whose trades are on bars of different length."""

import numpy as np
import pytest

from trading_pipeline.domain.analysis.metrics import Metrics, metrics_of
from trading_pipeline.domain.backtest.codes import OrderKind
from trading_pipeline.domain.backtest.engine import run_account
from trading_pipeline.domain.backtest.lanes import Lane
from trading_pipeline.domain.backtest.signals import EntrySignals
from trading_pipeline.domain.backtest.translate import SymbolInput
from trading_pipeline_tests.domain.backtest.cases import HOUR_MS, bars_of, config_of


def lane(strategy: str, hours: int, entry: int, leave: int) -> Lane:
    """Twelve hours of rest in bars of so many hours, a long from the close of one bar to that of another."""
    bars = bars_of([(100.0, 100.0, 100.0, 100.0)] * (12 // hours), hours * HOUR_MS)
    signals = EntrySignals(
        np.array([entry, leave]),
        np.ones(2, np.int64),
        np.array([90.0, np.nan]),
        np.array([int(OrderKind.MARKET), int(OrderKind.EXIT)]),
    )
    return Lane(strategy, "BTCUSDT", config_of(), SymbolInput(bars, signals))


@pytest.fixture
def metrics() -> Metrics:
    """Held from 1 h to 2 h by the hour, and from 4 h to 8 h by bars of two hours."""
    return metrics_of(run_account([lane("hourly", 1, 0, 1), lane("slow", 2, 1, 3)], {}), HOUR_MS)


def test_exposure_counts_time_and_not_bars(metrics: Metrics) -> None:
    assert metrics["trades"] == 2.0
    assert metrics["exposure_pct"] == pytest.approx((1 + 4) / 12 * 100)


def test_bars_of_different_length_are_not_counted_against_each_other(metrics: Metrics) -> None:
    # the slow entry is its bar 1, as the hourly exit is: two hours lie between
    assert metrics["quick_reversals"] == 0.0

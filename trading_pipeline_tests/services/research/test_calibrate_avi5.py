"""Which signals a calibration takes, and what it compares its basis with."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from trading_pipeline.domain.backtest.config import Costs, Exits, ExitTarget
from trading_pipeline.domain.model.signals import Bias, Details, Signal
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.strategies.avi5.levels import EXIT_GRID
from trading_pipeline.services.research.calibrate_avi5 import JudgedSignal, calibrate_avi5
from trading_pipeline.services.research.judge_signals import judge_signals
from trading_pipeline_tests.testkit.fake_stores import CalibrationShelf

NOW = datetime(2026, 6, 1, tzinfo=UTC)
COSTS = Costs(maker_fee_bps=2.0, taker_fee_bps=5.5)


def _signal(close: datetime, bias: Bias = Bias.LONG, stop: str = "99", details: Details | None = None) -> Signal:
    name = f"{close.isoformat()}{bias}"
    return Signal(
        name,
        "avi5",
        "v",
        "BTCUSDT.BYBIT",
        Timeframe.H1,
        close,
        bias,
        Decimal(100),
        Decimal(stop),
        Decimal(50),
        details or {},
    )


def _judged(days_ago: float, imbalance: float, result_r: float) -> JudgedSignal:
    return JudgedSignal(_signal(NOW - timedelta(days=days_ago), details={"imbalance": imbalance}), result_r)


def test_signals_without_a_recorded_imbalance_teach_nothing() -> None:
    made = calibrate_avi5(CalibrationShelf(), [JudgedSignal(_signal(NOW - timedelta(days=60)), 1.0)], NOW, "run")
    assert (made.trades, made.histogram, made.psi, made.stable) == (0, None, None, False)
    assert {hour.theta for hour in made.hours} == {0.35}


def test_a_threshold_that_pays_in_both_windows_is_used() -> None:
    training = [_judged(60 + at, sign * 0.45, 1.0) for at in range(40) for sign in (1, -1)]
    weak = [_judged(60 + at, 0.2, -1.0) for at in range(40)]
    later = [_judged(3 + at, 0.45, 1.0) for at in range(5)]
    made = calibrate_avi5(CalibrationShelf(), [*training, *weak, *later], NOW, "run")
    assert made.trades == 120
    assert made.hours[0].theta == pytest.approx(0.21)
    assert made.split == NOW - timedelta(days=30)


def test_a_shifted_book_shortens_the_next_training_window() -> None:
    shelf = CalibrationShelf()
    calibrate_avi5(shelf, [_judged(60 + at, 0.25, 1.0) for at in range(40)], NOW, "first")
    made = calibrate_avi5(shelf, [_judged(3 + at, 0.85, 1.0) for at in range(10)], NOW, "second")
    assert made.psi is not None
    assert made.psi > 0.2
    assert made.split - made.start == timedelta(days=90)
    assert len(shelf.kept) == 2


def _bars(closes: list[float]) -> pd.DataFrame:
    opens = [100.0, *closes[:-1]]
    start = pd.date_range(NOW, periods=len(closes), freq="1h")
    prices = {"open": opens, "high": np.maximum(opens, closes), "low": np.minimum(opens, closes), "close": closes}
    return pd.DataFrame({"open_time": start, "close_time": start + pd.Timedelta(hours=1), **prices, "volume": 1.0})


def test_overlapping_signals_are_judged_each_and_open_ones_not_at_all() -> None:
    bars = _bars([100.0] * 30 + [98.0, 98.0, 98.0])
    signals = [_signal(NOW + timedelta(hours=hour)) for hour in (20, 22)]
    signals.append(_signal(NOW + timedelta(hours=24), Bias.SHORT, stop="110"))
    judged = judge_signals(signals, bars, Exits(), COSTS)
    assert [one.signal.bias for one in judged] == [Bias.LONG, Bias.LONG]
    assert all(-1.2 < one.result_r < -1.0 for one in judged)


def test_signals_at_closes_without_bars_are_left_out() -> None:
    assert judge_signals([_signal(NOW - timedelta(days=3))], _bars([100.0] * 30), Exits(), COSTS) == []


@pytest.mark.parametrize(
    ("exits", "result_r"),
    [
        (Exits(tuple(ExitTarget(*target) for target in EXIT_GRID), trail=None), 1.9),
        (Exits((ExitTarget(1.0, 1.0),), trail=None, trail_after_targets=0), 1.0),
    ],
)
def test_a_trade_is_judged_by_the_exits_that_are_given(exits: Exits, result_r: float) -> None:
    bars = _bars([100.0] * 20 + [100.5 + step for step in range(8)])
    signal = _signal(NOW + timedelta(hours=20))
    unit = float(signal.entry_price - signal.stop_price)
    (judged,) = judge_signals([signal], bars, exits, COSTS)
    assert unit == 1.0
    assert judged.result_r == pytest.approx(result_r, abs=0.15)

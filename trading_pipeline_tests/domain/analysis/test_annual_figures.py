"""Annual figures count the time that passed, not the bars that were there."""

import numpy as np
import pytest

from trading_pipeline.domain.analysis import returns
from trading_pipeline.domain.analysis.metrics import equity_metrics, metrics_of
from trading_pipeline.domain.backtest.engine import run_backtest
from trading_pipeline.domain.backtest.results import BacktestResult
from trading_pipeline.domain.backtest.translate import SymbolInput
from trading_pipeline.domain.strategies.framework.arrays import BarArrays
from trading_pipeline_tests.domain.backtest.cases import config_of, percent_exits, random_bars, signals_of

DAY_MS = 86_400_000
MONDAY_2023_01_02 = np.datetime64("2023-01-02")
NEW_YEAR_2025 = np.datetime64("2025-01-01")


def closes(days: np.ndarray) -> np.ndarray:
    """Closing instants of daily bars that open on these days."""
    return days.astype("datetime64[ms]").astype(np.int64) + DAY_MS


def two_stretches() -> np.ndarray:
    """60 days from 2023-01-01 and the 61 days before 2025-01-01: 731 days from first open to last close."""
    first = np.datetime64("2023-01-01") + np.arange(60)
    return closes(np.concatenate([first, NEW_YEAR_2025 - np.arange(61, 0, -1)]))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # 731 / 365.25 = 2.001369 years; 1.21 ^ (1 / 2.001369) - 1
        ("cagr_pct", 9.99279),
        # to the deepest point, 10 000 to 9 000: 9.99279 / 10
        ("calmar_ratio", 0.999279),
        # 121 returns: -0.1, 12 100 / 9 000 - 1 = 0.344444, else 0; a year has 121 / 2.001369 = 60.45861.
        # squares 0.01 + 0.118642 = 0.128642, less 0.244444^2 / 121 = 0.000494: std = sqrt(0.128148 / 120) = 0.0326788
        ("volatility_pct", 25.40950),
        # (0.244444 / 121 - 0.02 / 60.45861) / 0.0326788 x sqrt(60.45861)
        ("sharpe_ratio", 0.401971),
        # 0.244444 / 121 over sqrt(0.01 / 121) = 0.1 / 11, x sqrt(60.45861)
        ("sortino_ratio", 1.727891),
    ],
)
def test_a_hole_of_twenty_months_is_time_too(name: str, expected: float) -> None:
    equity = np.concatenate([np.full(59, 10_000.0), [9_000.0], np.full(61, 12_100.0)])
    assert equity_metrics(equity, two_stretches(), 10_000.0, DAY_MS)[name] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # 730 days = 1.998631 years: 1.21 ^ (1 / 1.998631) - 1
        ("cagr_pct", 10.00719),
        # 522 weekdays in 1.998631 years are 261.1788 a year. One return of 0.21 among 522:
        # std = 0.21 / sqrt(522), so a year's is 0.21 / sqrt(1.998631)
        ("volatility_pct", 14.85433),
    ],
)
def test_bars_of_weekdays_make_a_year_of_261(name: str, expected: float) -> None:
    days = np.arange(MONDAY_2023_01_02, NEW_YEAR_2025)
    weekdays = closes(days[np.is_busday(days)])
    assert len(weekdays) == 522
    equity = np.append(np.full(521, 10_000.0), 12_100.0)
    assert equity_metrics(equity, weekdays, 10_000.0, DAY_MS)[name] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("minutes", "expected"), [(1, 525_960.0), (15, 35_064.0), (60, 8766.0), (240, 2191.5)])
def test_without_holes_a_year_has_so_many_bars(minutes: int, expected: float) -> None:
    bar_ms = minutes * 60_000
    close_ms = np.arange(1, 1001, dtype=np.int64) * bar_ms
    assert returns.periods_per_year(1000, returns.elapsed_years(close_ms, bar_ms)) == pytest.approx(expected, rel=1e-12)


def test_ratios_shrink_by_the_root_of_time() -> None:
    bars = random_bars(200, 3)
    late = np.where(np.arange(200) < 100, 0, 200 * 3_600_000)
    apart = BarArrays(
        bars.open_time_ms + late, bars.close_time_ms + late, bars.open, bars.high, bars.low, bars.close, bars.volume
    )
    dense, sparse = (metrics_of(held(one), 3_600_000, one.close) for one in (bars, apart))
    for name in ("volatility_pct", "sortino_ratio", "information_ratio", "long_sortino_ratio", "short_sortino_ratio"):
        assert dense[name] != 0.0
        assert sparse[name] == pytest.approx(dense[name] / np.sqrt(2.0), rel=1e-12), name
    assert sparse["total_return_pct"] == dense["total_return_pct"]


def held(bars: BarArrays) -> BacktestResult:
    """Longs and shorts by turns, nothing open in the middle."""
    entries = signals_of([(bar, 1 if bar % 20 else -1, np.nan) for bar in range(10, 190, 10) if bar != 90])
    return run_backtest(config_of(percent_exits(0.01, 0.01)), {"BTCUSDT": SymbolInput(bars, entries)})

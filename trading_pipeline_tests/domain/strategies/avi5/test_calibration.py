import numpy as np
import pytest

from trading_pipeline.domain.model.calibrations import HourlyTheta
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.strategies.avi5.calibration import (
    GLOBAL_THETA,
    Trades,
    calibrate,
    drift,
    histogram,
    profit_factor,
    training_days,
)

BASELINE = np.full(10, 0.1)


def _trades(parts: list[tuple[int, float, float]], hour: int = 9) -> Trades:
    """Trades of one hour from (count, imbalance, result)."""
    counts = [count for count, _, _ in parts]
    return Trades(
        np.full(sum(counts), hour),
        np.repeat([imbalance for _, imbalance, _ in parts], counts),
        np.repeat([result for _, _, result in parts], counts),
    )


WEAK_LOSE = [(40, 0.2, -1.0), (40, 0.4, 1.0), (10, 0.4, -1.0)]


def _hour(training: list[tuple[int, float, float]], later: list[tuple[int, float, float]]) -> HourlyTheta:
    return calibrate(_trades(training), _trades(later))[9]


def test_the_threshold_that_leaves_out_the_losers_is_found() -> None:
    found = _hour(WEAK_LOSE, [(13, 0.4, 1.0), (10, 0.4, -1.0)])
    assert (found.theta, found.profit_factor, found.dead) == (0.21, 4.0, False)


@pytest.mark.parametrize(("gain", "theta"), [(1.30, 0.21), (1.29, GLOBAL_THETA)])
def test_it_has_to_hold_on_the_later_window(gain: float, theta: float) -> None:
    assert _hour(WEAK_LOSE, [(10, 0.4, gain), (10, 0.4, -1.0)]).theta == theta


def test_no_later_trades_prove_nothing() -> None:
    assert _hour(WEAK_LOSE, [(50, 0.1, 1.0)]).theta == GLOBAL_THETA


def test_too_few_trades_take_the_global_threshold() -> None:
    found = _hour([(29, 0.4, 1.0)], [])
    assert (found.theta, found.profit_factor, found.dead) == (GLOBAL_THETA, None, False)


def test_an_hour_that_loses_at_its_best_is_dead() -> None:
    assert _hour([(40, 0.4, -1.0), (20, 0.4, 1.0)], []).dead


def test_all_hours_get_a_threshold_and_other_hours_do_not_leak() -> None:
    hours = calibrate(_trades(WEAK_LOSE, hour=3), _trades([(20, 0.4, 1.0)], hour=3))
    assert [found.hour for found in hours] == list(range(24))
    assert [found.hour for found in hours if found.profit_factor is not None] == [3]
    assert hours[3].as_row()["theta"] == 0.21


def test_trades_need_equal_columns() -> None:
    with pytest.raises(DataError, match="need one of each"):
        Trades(np.zeros(1, dtype=np.int64), np.zeros(2), np.zeros(1))


@pytest.mark.parametrize(("results", "factor"), [([2.0, -1.0], 2.0), ([1.0], 100.0), ([], None), ([0.0], None)])
def test_profit_factor(results: list[float], factor: float | None) -> None:
    assert profit_factor(np.array(results)) == factor


@pytest.mark.parametrize(
    ("current", "psi", "stable", "days"),
    [
        ([0.15, *[0.1] * 8, 0.05], 0.0549, True, 180),
        ([0.2, 0.2, *[0.1] * 4, *[0.05] * 4], 0.2773, False, 90),
        ([0.1] * 10, 0.0, True, 180),
    ],
)
def test_drift_of_the_probabilities(current: list[float], psi: float, stable: bool, days: int) -> None:
    found = drift(BASELINE, np.array(current))
    assert found.psi == pytest.approx(psi, abs=5e-5)
    assert (found.stable, training_days(found)) == (stable, days)


def test_an_empty_bin_is_a_large_drift_not_an_error() -> None:
    found = drift(BASELINE, np.array([0.2, 0.0, *[0.1] * 8]))
    assert found.psi == pytest.approx(1.2205, abs=1e-3)


def test_without_a_baseline_nothing_is_stable() -> None:
    found = drift(None, BASELINE)
    assert (found.psi, found.stable, training_days(found)) == (None, False, 180)
    with pytest.raises(DataError, match="10 and 9 bins"):
        drift(BASELINE, BASELINE[:9])


def test_histogram_clamps_to_the_outer_bins() -> None:
    assert histogram(np.array([-0.5, 0.05, 0.95, 1.0])).tolist() == [0.5, *[0.0] * 8, 0.5]
    with pytest.raises(DataError, match="keep the baseline"):
        histogram(np.empty(0))

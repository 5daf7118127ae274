import numpy as np
import pytest

from trading_pipeline.domain.strategies.divergence.rules import CONFIRMATIONS, View, confirmations, find_setups
from trading_pipeline.domain.strategies.framework.arrays import BarArrays
from trading_pipeline_tests.domain.strategies.bars import bars_from


def _hit(code: str, columns: dict[str, list[float]]) -> list[bool]:
    view = View.of_longs(BarArrays.of(bars_from(columns)))
    hits: list[bool] = confirmations(view, find_setups(view))[CONFIRMATIONS.index(code)].tolist()
    return hits


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ((10, 8), (8, 10), True),
        ((10, 8), (7, 11), True),
        ((10, 8), (8.1, 11), False),
        ((10, 8), (7, 9.9), False),
        ((8, 10), (7, 11), False),
        ((10, 8), (10, 8), False),
    ],
)
def test_engulfing_covers_the_falling_body_edges_included(
    before: tuple[float, float], after: tuple[float, float], expected: bool
) -> None:
    opens, closes = [before[0], after[0]], [before[1], after[1]]
    columns = {"open": opens, "high": [12.0, 12.0], "low": [6.0, 6.0], "close": closes}
    assert _hit("ENGULFING", columns) == [False, expected]


GAP = {"high": [10.0, 12.0, 14.0], "low": [9.0, 9.5, 12.0]}


@pytest.mark.parametrize(("close", "expected"), [(9.9, False), (10.0, True), (11.0, True), (12.0, True), (12.1, False)])
def test_a_close_inside_the_newest_gap_confirms_edges_included(close: float, expected: bool) -> None:
    # The last bar opens no gap of its own: its low does not clear the high of two bars before.
    highs, lows = [*GAP["high"], 14.0], [*GAP["low"], 9.6]
    closes = [9.5, 11.0, 13.0, close]
    assert _hit("FVG_PROXIMITY", {"open": closes, "high": highs, "low": lows, "close": closes})[3] is expected


@pytest.mark.parametrize(("later", "expected"), [(49, True), (50, False)])
def test_a_gap_counts_for_fifty_bars(later: int, expected: bool) -> None:
    highs, lows = GAP["high"] + [14.0] * later, GAP["low"] + [9.6] * later
    closes = [9.5, 11.0, 13.0] + [11.0] * later
    assert _hit("FVG_PROXIMITY", {"open": closes, "high": highs, "low": lows, "close": closes})[-1] is expected


def test_volume_confirms_when_it_rose_between_the_last_two_pivots() -> None:
    lows = [9.0, 8, 5, 8, 9, 8, 4, 8, 9]
    closes = [low + 0.5 for low in lows]
    columns = {"open": closes, "high": [low + 1 for low in lows], "low": lows, "close": closes}
    heavy_rise = {**columns, "volume": [1.0, 1, 1, 9, 9, 1, 1, 1, 1]}
    heavy_fall = {**columns, "volume": [1.0, 1, 1, 1, 1, 9, 9, 1, 1]}
    assert _hit("OBV_DIV", heavy_rise) == [False] * 8 + [True]
    assert _hit("OBV_DIV", heavy_fall) == [False] * 9


def test_an_undefined_histogram_makes_no_setup() -> None:
    lows = [9.0, 9, 5, 9, 9, 4, 9, 9, 3, 9, 9]
    columns = {"open": lows, "high": [low + 1 for low in lows], "low": lows, "close": [low + 0.5 for low in lows]}
    view = View.of_longs(BarArrays.of(bars_from(columns)))
    setups = find_setups(view)
    assert setups.pivots.tolist() == [2, 5, 8]
    assert not setups.present.any()
    assert np.isnan(view.histogram).all()

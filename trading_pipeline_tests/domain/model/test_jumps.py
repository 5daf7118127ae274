"""Jumps that no market makes."""

import numpy as np
import pytest

from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.jumps import Jump, jumps, refuse_jumps

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
FIRST = 1_735_689_600_000  # 2025-01-01


def found(*prices: tuple[float, float], gap_ms: int = 0) -> list[Jump]:
    """Jumps of hourly bars with these opens and closes; ``gap_ms`` without bars before the last one."""
    times = FIRST + HOUR_MS * np.arange(len(prices), dtype=np.int64)
    times[-1] += gap_ms
    opens, closes = (np.array(column) for column in zip(*prices, strict=True))
    return jumps(times, times + HOUR_MS, opens, closes)


def test_a_contract_counted_anew_is_found_between_two_bars() -> None:
    (jump,) = found((0.0123, 0.0123), (12.3, 12.3), (12.3, 12.3))
    assert str(jump) == "2025-01-01T01:00:00Z close 0.0123 -> open 12.3 (factor 1000)"


@pytest.mark.parametrize(
    ("close", "opens", "jumped"),
    [(10.0, 30.0, True), (10.0, 29.9, False), (30.0, 10.0, True), (29.9, 10.0, False), (1e-14, 3e-14, True)],
)
def test_a_factor_of_three_between_two_bars_is_no_market(close: float, opens: float, jumped: bool) -> None:
    assert bool(found((close, close), (opens, opens))) is jumped


@pytest.mark.parametrize(("gap_ms", "jumped"), [(0, True), (7 * DAY_MS, True), (7 * DAY_MS + 1, False)])
def test_a_hole_of_more_than_seven_days_may_hold_any_move(gap_ms: int, jumped: bool) -> None:
    assert bool(found((10.0, 10.0), (40.0, 40.0), gap_ms=gap_ms)) is jumped


def test_a_hole_is_measured_from_the_bar_before_it() -> None:
    assert found((10.0, 10.0), (10.0, 10.0), (40.0, 40.0), gap_ms=7 * DAY_MS)


@pytest.mark.parametrize(
    ("opens", "close", "jumped"),
    [(10.0, 80.0, True), (10.0, 79.9, False), (80.0, 10.0, True), (79.9, 10.0, False)],
)
def test_a_factor_of_eight_inside_a_bar_is_no_market(opens: float, close: float, jumped: bool) -> None:
    assert bool(found((opens, close))) is jumped


def test_a_bar_says_whether_the_price_jumped_inside_it() -> None:
    (jump,) = found((1000.0, 1.0))
    assert str(jump) == "2025-01-01T00:00:00Z open 1000 -> close 1 (factor 0.001)"


def test_jumps_stand_in_order_of_time() -> None:
    # 1 -> 9 inside the first bar, 9 -> 1 before the second, 1 -> 10 inside it
    assert [(jump.open_ms, jump.inside) for jump in found((1.0, 9.0), (1.0, 10.0))] == [
        (FIRST, True),
        (FIRST + HOUR_MS, False),
        (FIRST + HOUR_MS, True),
    ]


def test_bars_without_a_jump_are_taken() -> None:
    refuse_jumps(found((1.0, 2.0), (2.0, 1.0)), "BTCUSDT 1h")
    assert not found((1.0, 1.0))


def test_the_first_jumps_are_named_and_the_others_counted() -> None:
    prices = [(1.0, 1.0), (10.0, 10.0)] * 3
    with pytest.raises(
        DataError, match=r"^X 1h: 2025-01-01T01:00:00Z close 1 .*T03:00:00Z .* and 2 more: no"
    ) as refused:
        refuse_jumps(found(*prices), "X 1h")
    assert "--allow-jumps" in str(refused.value)
    assert str(refused.value).count("factor") == 3

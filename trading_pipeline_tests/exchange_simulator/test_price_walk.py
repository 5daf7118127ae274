from decimal import Decimal

import pytest

from trading_pipeline.domain.backtest.config import Execution
from trading_pipeline.domain.model.intrabar_paths import IntrabarPath
from trading_pipeline.domain.model.timeframes import to_ms
from trading_pipeline.exchange_simulator.price_walk import Moment, PriceWalk
from trading_pipeline_tests.exchange_simulator.builders import START, STEP_MS, Ohlc, a_series

FIRST = to_ms(START)
UP: Ohlc = (100, 110, 90, 105)
DOWN: Ohlc = (100, 110, 90, 95)
DOJI: Ohlc = (100, 110, 90, 100)


@pytest.mark.parametrize(
    ("rule", "bar", "first", "second"),
    [
        (IntrabarPath.PULLBACK_FIRST, UP, "90", "110"),
        (IntrabarPath.PULLBACK_FIRST, DOWN, "110", "90"),
        (IntrabarPath.PULLBACK_FIRST, DOJI, "90", "110"),
        (IntrabarPath.CANDLE_DIRECTION, UP, "110", "90"),
        (IntrabarPath.CANDLE_DIRECTION, DOWN, "90", "110"),
        (IntrabarPath.NEAREST_EXTREME, (100, 104, 90, 101), "104", "90"),
        (IntrabarPath.NEAREST_EXTREME, (100, 110, 96, 101), "96", "110"),
    ],
)
def test_path_visits_both_extremes_in_the_order_of_the_rule(
    rule: IntrabarPath, bar: Ohlc, first: str, second: str
) -> None:
    walk = PriceWalk(a_series([bar], FIRST), rule)
    assert walk.price_at(FIRST + STEP_MS // 3) == Decimal(first)
    assert walk.price_at(FIRST + STEP_MS // 3 * 2) == Decimal(second)
    assert walk.price_at(FIRST + STEP_MS) == Decimal(bar[3])


def test_without_a_rule_the_pullback_comes_first_in_exchange_and_engine_alike() -> None:
    assert PriceWalk(a_series([UP], FIRST)).price_at(FIRST + STEP_MS // 3) == Decimal(90)
    assert Execution().path is IntrabarPath.PULLBACK_FIRST


def test_price_moves_in_a_straight_line_between_corners() -> None:
    walk = PriceWalk(a_series([UP], FIRST))
    assert walk.price_at(FIRST + STEP_MS // 6) == Decimal(95)


def test_close_stands_until_the_next_bar_has_begun() -> None:
    walk = PriceWalk(a_series([UP, (120, 121, 119, 120)], FIRST))
    boundary = FIRST + STEP_MS
    assert walk.price_at(boundary) == Decimal(105)
    assert walk.price_at(boundary, opened=True) == Decimal(120)


@pytest.mark.parametrize(
    ("offset", "begin", "end"),
    [
        (0, 0, STEP_MS // 3),
        (STEP_MS // 3 - 1, 0, STEP_MS // 3),
        (STEP_MS // 3, STEP_MS // 3, STEP_MS // 3 * 2),
        (STEP_MS - 1, STEP_MS // 3 * 2, STEP_MS),
    ],
)
def test_a_leg_joins_the_corners_around_an_instant(offset: int, begin: int, end: int) -> None:
    leg = PriceWalk(a_series([UP], FIRST)).leg_from(FIRST + offset, FIRST + 10 * STEP_MS)
    assert (leg.begin_ms, leg.end_ms) == (FIRST + begin, FIRST + end)


def test_where_there_is_no_bar_the_last_close_stands() -> None:
    leg = PriceWalk(a_series([UP], FIRST)).leg_from(FIRST + STEP_MS, FIRST + 3 * STEP_MS)
    assert (leg.start, leg.goal, leg.end_ms) == (Decimal(105), Decimal(105), FIRST + 3 * STEP_MS)


def test_a_moment_forgets_what_opened_as_soon_as_time_goes_on() -> None:
    moment = Moment(FIRST)
    moment.opened = True
    moment.move(FIRST)
    assert moment.opened
    moment.move(FIRST + 1)
    assert not moment.opened

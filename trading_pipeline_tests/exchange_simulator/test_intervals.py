from datetime import UTC, datetime

import numpy as np
import pytest

from trading_pipeline.domain.model.timeframes import to_ms
from trading_pipeline.exchange_simulator.bars import BarSeries
from trading_pipeline.exchange_simulator.coarse_bars import CoarseBars
from trading_pipeline.exchange_simulator.hub import Hub
from trading_pipeline.exchange_simulator.intervals import INTERVALS
from trading_pipeline.exchange_simulator.market_feed import MarketFeed
from trading_pipeline_tests.exchange_simulator.builders import FLAT, STEP_MS, a_series, an_exchange


def ms(*day: int) -> int:
    return to_ms(datetime(*day, tzinfo=UTC))  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "opens", "closes"),
    [
        ("1", ms(2024, 2, 29, 23, 59), ms(2024, 3, 1)),
        ("3", ms(2024, 2, 29, 23, 57), ms(2024, 3, 1)),
        ("720", ms(2024, 2, 29, 12), ms(2024, 3, 1)),
        ("D", ms(2024, 2, 29), ms(2024, 3, 1)),
        # A Monday, as the venue's weeks begin.
        ("W", ms(2024, 2, 26), ms(2024, 3, 4)),
        ("M", ms(2024, 2, 1), ms(2024, 3, 1)),
    ],
)
def test_last_millisecond_of_a_leap_day_is_in_the_bar_of_each_interval(name: str, opens: int, closes: int) -> None:
    interval = INTERVALS[name]
    assert interval.open_of(ms(2024, 3, 1) - 1) == opens
    assert interval.close_of(opens) == closes
    assert interval.open_of(opens) == opens


def test_closes_between_two_instants_are_after_the_one_and_up_to_the_other() -> None:
    months = list(INTERVALS["M"].closes_between(ms(2024, 1, 1), ms(2024, 4, 1)))
    assert months == [ms(2024, 2, 1), ms(2024, 3, 1), ms(2024, 4, 1)]


def test_nothing_finer_than_base_bars_is_served() -> None:
    feed = MarketFeed(an_exchange(FLAT), Hub())
    assert [feed.known(f"kline.{name}.BTCUSDT") for name in ("1", "3", "5", "15")] == [False, False, True, True]


def two_months(*left_out: int) -> BarSeries:
    """5m bars of January and February 2025, each a tick above the one before; some bars left out."""
    count = 59 * 288
    series = a_series([(100.0, 100.1 + n / 10, 99.9, 100.0) for n in range(count)], ms(2025, 1, 1))
    kept = np.setdiff1d(np.arange(count), left_out)
    return BarSeries(
        series.step_ms,
        series.price_decimals,
        series.volume_decimals,
        *(np.asarray(getattr(series, name))[kept] for name in ("open_ms", "open", "high", "low", "close")),
        series.volume[kept],
        series.turnover[kept],
    )


@pytest.mark.parametrize(
    ("name", "opens"),
    [
        ("M", [ms(2025, 1, 1), ms(2025, 2, 1)]),
        ("W", [ms(2025, 1, day) for day in (6, 13, 20, 27)] + [ms(2025, 2, day) for day in (3, 10, 17)]),
    ],
)
def test_weeks_and_months_are_made_of_base_bars(name: str, opens: list[int]) -> None:
    rows = CoarseBars(two_months(), INTERVALS[name]).rows(0, 99)
    assert [int(row[0]) for row in rows] == opens
    lengths = [INTERVALS[name].close_of(one) - one for one in opens]
    assert [float(row[5]) for row in rows] == [10 * length / STEP_MS for length in lengths]
    last_high = 100.1 + ((opens[-1] + lengths[-1] - ms(2025, 1, 1)) / STEP_MS - 1) / 10
    assert float(rows[-1][2]) == pytest.approx(last_high)


def test_a_month_with_a_hole_is_left_out_and_takes_nothing_of_its_neighbour() -> None:
    [february] = CoarseBars(two_months(7), INTERVALS["M"]).rows(0, 9)
    assert (int(february[0]), float(february[5])) == (ms(2025, 2, 1), 10 * 28 * 288)

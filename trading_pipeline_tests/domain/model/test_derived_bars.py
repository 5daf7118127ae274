"""Bars made of shorter ones."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from trading_pipeline.domain.model.bars import Bar
from trading_pipeline.domain.model.derived_bars import derived_bars
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline_tests.testkit.builders import START, a_bar

HOUR = timedelta(hours=1)


def hours(count: int, instrument_id: str = "BTCUSDT.BYBIT") -> list[Bar]:
    """Bar n opens at 100 + n, closes half above, and reaches one above and below its open."""
    return [
        a_bar(
            instrument_id, START + number * HOUR, Timeframe.H1,
            *(str(100 + number + step) for step in (0, 1, -1, Decimal("0.5"))), volume="0.1",
        )
        for number in range(count)
    ]  # fmt: skip


def test_eight_hours_are_one_bar_of_eight_hours() -> None:
    (made,) = derived_bars(hours(8), Timeframe.H8)
    assert (made.timeframe, made.open_time, made.close_time) == (Timeframe.H8, START, START + 8 * HOUR)
    prices = (made.open, made.high, made.low, made.close)
    assert prices == (Decimal(100), Decimal(108), Decimal(99), Decimal("107.5"))
    # eight times 0.1 and 10.0, without the dust of binary fractions
    assert (made.volume, made.turnover) == (Decimal("0.8"), 8 * hours(1)[0].turnover)


def test_of_a_window_that_lacks_a_part_no_bar_is_made() -> None:
    whole = hours(24)
    for absent in range(8, 16):
        made = derived_bars([bar for place, bar in enumerate(whole) if place != absent], Timeframe.H8)
        assert [bar.open_time for bar in made] == [START, START + 16 * HOUR]


def test_bars_of_two_instruments_are_not_mixed() -> None:
    made = derived_bars([*hours(8), *hours(8, "SOLUSDT.BYBIT")], Timeframe.H8)
    assert [bar.instrument_id for bar in made] == ["BTCUSDT.BYBIT", "SOLUSDT.BYBIT"]


def test_volume_and_turnover_are_those_of_every_part() -> None:
    parts = [replace(bar, volume=Decimal(n), turnover=Decimal(10 * n)) for n, bar in enumerate(hours(8), start=1)]
    (made,) = derived_bars(parts, Timeframe.H8)
    assert (made.volume, made.turnover) == (Decimal(36), Decimal(360))


def test_of_one_part_no_bar_is_made() -> None:
    assert derived_bars(hours(1), Timeframe.H8) == []


def test_windows_lie_on_the_grid_of_the_timeframe() -> None:
    late = [replace(bar, open_time=bar.open_time + 3 * HOUR) for bar in hours(12)]
    assert [bar.open_time for bar in derived_bars(late, Timeframe.H8)] == []
    later = [replace(bar, open_time=bar.open_time + 3 * HOUR) for bar in hours(13)]
    assert [bar.open_time for bar in derived_bars(later, Timeframe.H8)] == [START + 8 * HOUR]

"""Lengths of bars, and who closes when."""

from datetime import UTC, datetime, timedelta

import pytest

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.timeframes import Timeframe, closing_timeframes
from trading_pipeline.domain.model.universe import Universe

NOON = datetime(2025, 11, 3, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("timeframe", "minutes"),
    [("1m", 1), ("5m", 5), ("15m", 15), ("30m", 30), ("1h", 60), ("4h", 240), ("8h", 480), ("1d", 1440)],
)
def test_a_bar_is_as_long_as_it_is_called(timeframe: str, minutes: int) -> None:
    length = timedelta(minutes=minutes)
    assert Timeframe(timeframe).duration == length
    assert Timeframe(timeframe).ms == length // timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("hour", "minute", "closing"),
    [(12, 0, ["15m", "1h", "4h"]), (13, 0, ["15m", "1h"]), (13, 15, ["15m"]), (13, 1, []), (0, 0, ["15m", "1h", "4h"])],
)
def test_bars_close_where_their_length_divides_the_day(hour: int, minute: int, closing: list[str]) -> None:
    asked = [Timeframe.M15, Timeframe.H1, Timeframe.H4]
    assert closing_timeframes(NOON.replace(hour=hour, minute=minute), asked) == closing


def test_the_finest_timeframe_is_the_shortest_in_whatever_order() -> None:
    assert Universe("bybit", NOON, (), (Timeframe.H4, Timeframe.M15, Timeframe.D1)).finest is Timeframe.M15


@pytest.mark.parametrize(
    ("typed", "nearest"),
    [("7m", "5m"), ("25", "30m"), ("90min", "1h"), ("1 hour", "1h"), ("4H", "4h"), ("2d", "1d"), ("1M", "1d")],
)
def test_a_length_that_there_is_not_is_named_with_the_nearest(typed: str, nearest: str) -> None:
    with pytest.raises(ConfigurationError, match=f"unknown timeframe '{typed}'; the nearest of .* is {nearest}$"):
        Timeframe.parse(typed)


@pytest.mark.parametrize("typed", ["", "hour", "m5", "-5m", "5 parsecs", "1.5h"])
def test_what_is_no_length_is_told_which_there_are(typed: str) -> None:
    with pytest.raises(ConfigurationError, match=r"use one of 1m, 5m, .*, 1d$"):
        Timeframe.parse(typed)

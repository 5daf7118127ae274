"""Longer candles made of shorter ones."""

from decimal import Decimal

import pytest

from trading_pipeline.domain.model.candles import Candle, bucket_of, resampled, seconds_of
from trading_pipeline.domain.model.errors import ConfigurationError

MONDAY = 1_762_128_000
"""2025-11-03T00:00Z."""


def candle(time: int, close: int, volume: int = 1) -> Candle:
    return Candle(time, Decimal(close), Decimal(close + 1), Decimal(close - 1), Decimal(close), Decimal(volume))


@pytest.mark.parametrize(
    ("time", "interval", "start"),
    [
        (1_729_480_800, "3", 1_729_480_680),  # divisible by 180, whatever an example may say
        (MONDAY + 5, "D", MONDAY),
        (MONDAY - 1, "W", MONDAY - 7 * 86_400),
        (MONDAY, "W", MONDAY),
        (MONDAY + 6 * 86_400, "W", MONDAY),
    ],
)
def test_a_candle_opens_where_its_bucket_does(time: int, interval: str, start: int) -> None:
    assert bucket_of(time, seconds_of(interval)) == start


def test_the_first_opens_the_last_closes_and_the_extremes_are_kept() -> None:
    minutes = [candle(MONDAY + 60 * number, close) for number, close in enumerate([10, 14, 8, 11])]
    whole, part = resampled(minutes, 60, 180)
    assert whole == Candle(MONDAY, Decimal(10), Decimal(15), Decimal(7), Decimal(8), Decimal(3))
    assert part == candle(MONDAY + 180, 11)
    assert resampled(minutes, 60, 60) == minutes
    assert resampled([], 60, 180) == []


@pytest.mark.parametrize("interval", ["", "0", "1.5", "M", "-5", "9999", "²"])
def test_what_is_no_interval_is_named(interval: str) -> None:
    with pytest.raises(ConfigurationError, match="unknown interval"):
        seconds_of(interval)


def test_lengths_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="cannot be made"):
        resampled([candle(MONDAY, 10)], 900, 1200)

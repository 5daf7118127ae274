"""What is said about the input of a backtest, and what is refused."""

import re
from datetime import UTC, datetime

import numpy as np
import pytest

from trading_pipeline.domain.backtest.translate import Funding
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.holes import HolePolicy
from trading_pipeline.domain.model.timeframes import to_ms
from trading_pipeline.domain.strategies.framework.arrays import BarArrays
from trading_pipeline.services.research.input_notes import GivenInput, input_notes
from trading_pipeline.services.research.research_window import Window
from trading_pipeline_tests.domain.backtest.cases import HOUR_MS, bars_of

MIDNIGHT = to_ms(datetime(2025, 1, 1, tzinfo=UTC))
NOON = Window(datetime(2025, 1, 1, 12, tzinfo=UTC))


def day(*holes: int) -> BarArrays:
    """24 hourly bars at 100 without those of some hours."""
    bars = bars_of([(100.0, 101.0, 99.0, 100.0)] * 24, start_ms=MIDNIGHT)
    kept = np.delete(np.arange(24), holes)
    columns = {name: getattr(bars, name)[kept] for name in ("open", "high", "low", "close", "volume")}
    return BarArrays(bars.open_time_ms[kept], bars.close_time_ms[kept], **columns)


def renamed() -> BarArrays:
    """Ten hours at 0.0123, then ten at 12.3."""
    prices = [(0.0123, 0.0124, 0.0122, 0.0123)] * 10 + [(12.3, 12.4, 12.2, 12.3)] * 10
    return bars_of(prices, start_ms=MIDNIGHT)


def funding(*hours: int) -> Funding:
    return Funding(MIDNIGHT + HOUR_MS * np.array(hours, np.int64), np.full(len(hours), 0.001))


def notes(bars: BarArrays, window: Window | None = None, *, allow_jumps: bool = False, **given: object) -> list[str]:
    one = GivenInput("BTCUSDT.BYBIT", bars, **given)  # type: ignore[arg-type]
    return list(input_notes(one, window or Window(), assumed_rate=0.0, allow_jumps=allow_jumps))


def test_nothing_is_said_about_whole_bars_with_whole_funding() -> None:
    assert notes(day(), funding=funding(8, 16)) == []


def test_missing_bars_are_counted() -> None:
    assert notes(day(3, 4, 20)) == [
        "BTCUSDT.BYBIT: 3 1h bars are missing between the first and the last; "
        "after a hole nothing is entered for a strategy's warm-up"
    ]


def test_of_missing_bars_it_is_said_what_they_mean_where_holes_are_refused() -> None:
    one = GivenInput("BTCUSDT.BYBIT", day(3))
    (note,) = input_notes(one, Window(), assumed_rate=0.0, allow_jumps=False, holes=HolePolicy.REFUSE)
    assert note.endswith("nothing is entered for as long as a hole lies among the 1,700 bars before a day")


def test_a_renamed_contract_is_refused_or_named() -> None:
    jump = "2025-01-01T10:00:00Z close 0.0123 -> open 12.3 (factor 1000)"
    with pytest.raises(DataError, match=re.escape(f"BTCUSDT.BYBIT 1h: {jump}: no market does that")):
        notes(renamed())
    assert notes(renamed(), allow_jumps=True) == [f"BTCUSDT.BYBIT: {jump}: taken as a move of the market"]


def test_funding_of_another_time_is_refused() -> None:
    with pytest.raises(DataError, match=r"BTCUSDT\.BYBIT: no funding event falls due from 2025-01-01T00:00Z to"):
        notes(day(), funding=funding(-16, -8))


def test_funding_is_needed_in_the_window_alone() -> None:
    assert notes(day(), NOON, funding=funding(16)) == []
    with pytest.raises(DataError, match="no funding event falls due from 2025-01-01T12:00Z to 2025-01-02T00:00Z"):
        notes(day(), NOON, funding=funding(8))


def test_a_stretch_without_funding_is_said() -> None:
    assert notes(day(), funding=funding(2, 4)) == [
        "BTCUSDT.BYBIT: no funding is known from 2025-01-01T04:00Z to 2025-01-02T00:00Z; none is charged there"
    ]


def minutes(first: int, count: int) -> BarArrays:
    """1m bars from an hour of the day on."""
    return bars_of([(100.0, 101.0, 99.0, 100.0)] * count, 60_000, MIDNIGHT + first * HOUR_MS)


def test_bars_that_finer_bars_leave_out_are_counted() -> None:
    assert notes(day(), path=minutes(0, 24 * 60)) == []
    said = "finer bars cover 3 of 12 bars; four prices walk through the others"
    # from 11:00 for 4 hours and a half: 12, 13 and 14 lie whole in the window, 15 does not
    assert notes(day(), NOON, path=minutes(11, 270)) == [f"BTCUSDT.BYBIT: {said}"]


def test_finer_bars_of_another_time_are_refused() -> None:
    with pytest.raises(DataError, match=r"BTCUSDT\.BYBIT: the finer bars cover no bar whole"):
        notes(day(), path=minutes(30, 120))


def test_assumed_funding_is_told_with_its_rate() -> None:
    one = GivenInput("BTCUSDT.BYBIT", day(), funding(8))
    (note,) = input_notes(one, Window(), assumed_rate=0.0001, allow_jumps=False)
    assert (
        note
        == "BTCUSDT.BYBIT: no funding is known from 2025-01-01T08:00Z to 2025-01-02T00:00Z; 0.0100% is charged there"
    )

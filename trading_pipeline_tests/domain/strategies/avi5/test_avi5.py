import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from trading_pipeline.domain.model.calibrations import HourlyTheta
from trading_pipeline.domain.model.errors import ConfigurationError, DataError
from trading_pipeline.domain.strategies.avi5.avi5 import Avi5, Avi5Parameters
from trading_pipeline.domain.strategies.framework.arrays import BarArrays
from trading_pipeline_tests.domain.strategies.bars import bars_from, random_bars

TRIGGER_ONLY = Avi5Parameters(confirm_trend=False, confirm_vwap=False)
WITH_BOOK = replace(TRIGGER_ONLY, confirm_book=True)


def _breakout(last_close: float, last_high: float = 110.0, count: int = 16) -> pd.DataFrame:
    closes = [100.0 + bar % 3 for bar in range(count - 1)]
    highs = [*[104.0] * (count - 1), last_high]
    lows = [*[98.0] * (count - 1), min(97.0, last_close)]
    return bars_from({"open": [*closes, 101.0], "high": highs, "low": lows, "close": [*closes, last_close]}, "5m")


@pytest.mark.parametrize(
    ("last_close", "expected"),
    [(104.01, ["long"]), (104.0, []), (103.0, []), (97.99, ["short"]), (98.0, [])],
)
def test_only_a_close_strictly_beyond_the_channel_before_triggers(last_close: float, expected: list[str]) -> None:
    assert Avi5(TRIGGER_ONLY).signals(_breakout(last_close))["bias"].tolist() == expected


@pytest.mark.parametrize("count", [3, 14])
def test_too_little_history_is_no_signal(count: int) -> None:
    assert Avi5(TRIGGER_ONLY).signals(_breakout(109.0, count=count)).empty


def test_levels_are_one_two_and_three_risk_units() -> None:
    row = Avi5(TRIGGER_ONLY).signals(_breakout(109.0)).iloc[0]
    unit = row["details"]["risk_unit"]
    assert row["stop_price"] == pytest.approx(109 - unit)
    targets = row["details"]["targets"]
    assert [target["price"] for target in targets] == pytest.approx([109 + unit, 109 + 2 * unit, 109 + 3 * unit])
    assert [target["fraction"] for target in targets] == [0.4, 0.3, 0.3]


@pytest.mark.parametrize(("shift", "expected"), [(0.0, []), (0.01, ["short"])])
def test_shorts_with_third_target_at_zero_are_out(shift: float, expected: list[str]) -> None:
    # Every range is 5, the risk 10: the third target of a short from 30 is 0.
    count = 15
    columns = {
        "open": [33.0] * (count + 1),
        "high": [*[35.5] * count, 34.0],
        "low": [*[30.5] * count, 29.0],
        "close": [*[33.0] * count, 30.0],
    }
    bars = bars_from({name: [value + shift for value in values] for name, values in columns.items()}, "5m")
    assert Avi5(TRIGGER_ONLY).signals(bars)["bias"].tolist() == expected


def test_a_short_targeting_below_zero_is_left_out() -> None:
    wide = replace(TRIGGER_ONLY, atr_multiplier=10.0)
    assert Avi5(wide).signals(_breakout(97.0))["bias"].tolist() == []
    assert Avi5(TRIGGER_ONLY).signals(_breakout(97.0))["bias"].tolist() == ["short"]


@pytest.mark.parametrize(
    ("imbalance", "microprice", "thetas", "expected"),
    [
        (0.35, 0.1, (), 1),
        (0.34, 0.1, (), 0),
        (0.35, 0.0, (), 0),
        (np.nan, 0.1, (), 0),
        (-0.9, -1.0, (), 0),
        (0.30, 0.1, (0.2,) * 24, 1),
        (0.30, 0.1, (*(0.2,), *(0.4,) * 23), 0),
    ],
)
def test_the_book_has_to_confirm(imbalance: float, microprice: float, thetas: tuple[float, ...], expected: int) -> None:
    # The sixteenth 5m bar closes at 01:20, so the threshold of hour 1 counts.
    bars = _breakout(109.0).assign(imbalance_signed=imbalance, microprice_bps=microprice)
    assert len(Avi5(WITH_BOOK, thetas=thetas).signals(bars)) == expected


def test_a_book_that_was_not_recorded_is_refused() -> None:
    with pytest.raises(DataError, match="imbalance_signed, microprice_bps in the bars"):
        Avi5(WITH_BOOK).signals(_breakout(109.0))
    with pytest.raises(DataError, match="confirm_book needs the columns"):
        Avi5(WITH_BOOK).decide(BarArrays.of(_breakout(109.0)))


def test_dead_hours_have_no_entries() -> None:
    bars = _breakout(109.0)
    assert len(Avi5(TRIGGER_ONLY, dead_hours=frozenset({2})).signals(bars)) == 1
    assert Avi5(TRIGGER_ONLY, dead_hours=frozenset({1})).signals(bars).empty


@pytest.mark.parametrize(
    ("close", "rules", "expected"),
    [
        ("07:45", {}, 1),
        ("07:46", {}, 0),
        ("07:59", {}, 0),
        ("08:00", {}, 1),
        ("23:46", {}, 0),
        ("07:46", {"min_minutes_to_funding": 14}, 1),
        ("07:46", {"min_minutes_to_funding": 0}, 1),
        ("07:46", {"funding_interval_hours": 0}, 1),
        ("03:46", {}, 1),
        ("03:46", {"funding_interval_hours": 4}, 0),
        ("07:00", {"funding_interval_hours": 24, "min_minutes_to_funding": 1020}, 1),
        ("07:01", {"funding_interval_hours": 24, "min_minutes_to_funding": 1020}, 0),
    ],
)
def test_there_are_no_entries_shortly_before_a_funding(close: str, rules: dict[str, int], expected: int) -> None:
    bars = _breakout(109.0)
    opens = pd.Timestamp(f"2024-01-02 {close}", tz="UTC") - pd.to_timedelta(np.arange(16, 0, -1), unit="min")
    minutes = bars.assign(open_time=opens, close_time=opens + pd.Timedelta("1min"))
    assert len(Avi5(replace(TRIGGER_ONLY, **rules)).signals(minutes)) == expected


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"funding_interval_hours": 5}, "must divide 24"),
        ({"funding_interval_hours": 1, "min_minutes_to_funding": 60}, "below the 60 minutes between two"),
    ],
)
def test_a_funding_grid_without_sense_is_refused(rules: dict[str, int], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        replace(TRIGGER_ONLY, **rules)


def test_each_confirmation_only_removes_signals() -> None:
    bars = random_bars(4000, timeframe="5m")
    bare = set(Avi5(TRIGGER_ONLY).signals(bars)["bar_index"])
    for name in ("confirm_trend", "confirm_vwap"):
        confirmed = set(Avi5(replace(TRIGGER_ONLY, **{name: True})).signals(bars)["bar_index"])
        assert 0 < len(confirmed) < len(bare)
        assert confirmed < bare


def test_the_trend_is_that_of_the_last_closed_15m_bar() -> None:
    bars = random_bars(4000, timeframe="5m")
    signals = Avi5(replace(TRIGGER_ONLY, confirm_trend=True)).signals(bars)
    higher = bars[bars["close_time"].dt.minute % 15 == 0].set_index("close_time")["close"]
    average = higher.ewm(span=20, adjust=False).mean()
    for row in signals[signals["bar_index"] > 1500].to_dict("records"):
        at = higher.index.searchsorted(bars["close_time"][row["bar_index"]], side="right") - 1
        side = 1 if row["bias"] == "long" else -1
        assert side * (higher.iloc[at] - average.iloc[at]) > 0
        assert side * (average.iloc[at] - average.iloc[at - 1]) > 0


def test_swing_mode_takes_one_target_and_leaves_at_the_opposite_channel() -> None:
    swing = Avi5(replace(TRIGGER_ONLY, swing=True))
    assert len(swing.signals(_breakout(109.0))["details"][0]["targets"]) == 1
    exits = swing.exits(_breakout(97.0))
    assert exits.to_numpy().tolist() == [[15, "long"]]
    assert Avi5(TRIGGER_ONLY).exits(_breakout(97.0)).empty


def test_an_entry_grid_belongs_to_one_signal() -> None:
    bars = random_bars(2000, timeframe="5m")
    plain = Avi5(TRIGGER_ONLY).signals(bars)
    grid = Avi5(replace(TRIGGER_ONLY, entry_levels=3)).signals(bars)
    assert len(grid) > 10
    assert grid.drop(columns="details").equals(plain.drop(columns="details"))
    assert all("entries" not in details for details in plain["details"])
    for row in grid.to_dict("records"):
        half_atr = row["details"]["risk_unit"] / 4 * (1 if row["bias"] == "long" else -1)
        prices = [level["price"] for level in row["details"]["entries"]]
        assert prices == pytest.approx([row["entry_price"] - step * half_atr for step in range(3)])
        assert [level["share"] for level in row["details"]["entries"]] == pytest.approx([4 / 9, 3 / 9, 2 / 9])
        assert json.loads(json.dumps(row["details"])) == row["details"]


@pytest.mark.parametrize("rules", [{"entry_levels": 5}, {"entry_levels": 2, "entry_step_atr": 2.0}])
def test_entry_levels_that_reach_the_stop_are_refused(rules: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError, match=r"reach the stop 2.0 ATR away: use fewer"):
        replace(TRIGGER_ONLY, **rules)


def test_the_version_changes_with_the_calibration() -> None:
    versions = {Avi5().version, Avi5(thetas=(0.3,) * 24).version, Avi5(dead_hours=frozenset({3})).version}
    assert len(versions) == 3


def test_a_calibration_that_cannot_be_used_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="23 thetas"):
        Avi5(thetas=(0.3,) * 23)
    with pytest.raises(ConfigurationError, match="between 0 and 23"):
        Avi5(dead_hours=frozenset({24}))


def test_a_calibration_sets_thresholds_and_closes_dead_hours() -> None:
    hours = [HourlyTheta(hour, 0.2 + hour / 100, hour == 5, 40, 1.2, 1.4) for hour in range(24)]
    made = Avi5(WITH_BOOK).calibrated(hours[::-1])
    assert made.thetas == tuple(hour.theta for hour in hours)
    assert made.dead_hours == {5}
    with pytest.raises(ConfigurationError, match="each of 0 to 23 once"):
        Avi5(WITH_BOOK).calibrated(hours[:-1])


@pytest.mark.parametrize(("imbalance", "expected"), [(0.01, 1), (0.9, 1), (-0.01, 0), (np.nan, 0)])
def test_a_calibration_sees_triggers_that_no_threshold_lets_through(imbalance: float, expected: int) -> None:
    bars = _breakout(109.0).assign(imbalance_signed=imbalance, microprice_bps=0.1)
    strict = Avi5(WITH_BOOK, thetas=(0.95,) * 24, dead_hours=frozenset({1}))
    assert strict.signals(bars).empty
    found = strict.uncalibrated().signals(bars)
    assert [details["imbalance"] for details in found["details"]] == [imbalance] * expected

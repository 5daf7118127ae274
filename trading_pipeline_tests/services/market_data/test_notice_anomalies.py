"""What is noticed about bars at their close, and what is not."""

import statistics
from collections.abc import Sequence
from datetime import time, timedelta
from random import Random
from statistics import median

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_pipeline.domain.model.bars import OHLCV, Bar
from trading_pipeline.domain.model.quality import QualityEvent, QualityKind, QualityRules, Severity
from trading_pipeline.services.market_data.notice_anomalies import notice_anomalies
from trading_pipeline_tests.testkit.builders import START, a_bar, a_range

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CALM = [a_bar(open_time=START + step * HOUR, open="100", high="101", low="99", close="100") for step in range(48)]


def noticed(bars: Sequence[Bar], rules: QualityRules | None = None) -> list[QualityEvent]:
    """Of the second day, with the first before it."""
    frame = pd.DataFrame(
        {
            "instrument_id": [bar.instrument_id for bar in bars],
            "open_time": pd.DatetimeIndex([bar.open_time for bar in bars]),
            "close_time": pd.DatetimeIndex([bar.close_time for bar in bars]),
            **{name: [float(getattr(bar, name)) for bar in bars] for name in OHLCV},
        }
    )
    return list(notice_anomalies(frame, a_range(start=START + DAY), rules or QualityRules()))


def with_bar(place: int, **changes: str) -> list[Bar]:
    values = {"open": "100", "high": "101", "low": "99", "close": "100", "volume": "7", **changes}
    return [*CALM[:place], a_bar(open_time=START + place * HOUR, **values), *CALM[place + 1 :]]


def test_calm_bars_are_no_news() -> None:
    assert noticed(CALM) == []


@pytest.mark.parametrize(
    ("close", "severities"),
    [("107.9", []), ("108", [Severity.INFO]), ("116", [Severity.IMPORTANT])],
    ids=["below the threshold", "at it", "at twice the threshold"],
)
def test_a_close_far_off_is_a_price_jump(close: str, severities: list[Severity]) -> None:
    events = noticed(with_bar(24, close=close, high="120"))
    assert [event.severity for event in events if event.close_time == START + 25 * HOUR] == severities
    if events:
        assert events[0].kind is QualityKind.PRICE_JUMP
        assert events[0].detail["prev_close"] == 100.0
        assert events[0].detail["threshold_pct"] == 0.08


def test_days_not_asked_about_are_not_told() -> None:
    assert noticed(with_bar(10, close="120", high="120", volume="700")) == []


@pytest.mark.parametrize(
    ("volume", "severities"),
    [("69", []), ("70", [Severity.INFO]), ("140", [Severity.IMPORTANT])],
    ids=["below the threshold", "at it", "at twice the threshold"],
)
def test_a_volume_of_many_times_the_usual_is_an_anomaly(volume: str, severities: list[Severity]) -> None:
    events = noticed(with_bar(30, volume=volume))
    assert [(event.kind, event.severity) for event in events] == [
        (QualityKind.VOLUME_ANOMALY, severity) for severity in severities
    ]


def test_a_volume_is_compared_with_ten_others_or_with_none() -> None:
    first = [bar for bar in with_bar(24, volume="700") if bar.open_time >= START + 15 * HOUR]
    assert noticed(first) == []
    assert len(noticed([CALM[14], *first])) == 1


def test_the_usual_volume_is_the_median_of_what_was_traded_in_the_thirty_bars_before() -> None:
    draw = Random(3)
    volumes = [0.0 if draw.random() < 0.4 else round(draw.lognormvariate(0, 2), 2) for _ in range(48)]
    bars = [bar for place, one in enumerate(volumes) for bar in with_bar(place, volume=str(one))[place : place + 1]]
    told = {}
    for place in range(24, 48):
        before = [one for one in volumes[max(place - 30, 0) : place] if one > 0]
        if len(before) >= 10 and volumes[place] >= 1.5 * median(before):
            told[bars[place].close_time] = (volumes[place], median(before))
    assert len(told) >= 3
    found = {one.close_time: one.detail for one in noticed(bars, QualityRules(volume_spike=1.5))}
    assert {close: (one["volume"], one["median_volume"]) for close, one in found.items()} == told


def test_a_market_that_turns_wild_is_told_once() -> None:
    wild = [
        a_bar(open_time=START + step * HOUR, open="100", high="110", low="90", close="100") for step in range(30, 48)
    ]
    events = noticed([*CALM[:30], *wild], QualityRules(high_volatility=0.04))
    assert [(event.kind, event.detail["states"]) for event in events] == [(QualityKind.MARKET_STATE, ["HIGH_VOL"])]


def test_a_news_window_is_told_whatever_happens() -> None:
    rules = QualityRules(news_windows=((time(12), time(14)), (time(23), time(1))))
    events = noticed(CALM, rules)
    assert [(event.close_time, event.detail["states"]) for event in events] == [
        (START + DAY + hours * HOUR, ["NORMAL", "NEWS_WINDOW"]) for hours in (12, 23)
    ]


def test_a_threshold_of_nothing_turns_its_question_off() -> None:
    bars = with_bar(30, close="150", high="150", volume="9999")
    assert noticed(bars, QualityRules(price_jump=0, volume_spike=0)) == []
    assert len(noticed(bars)) == 3


@given(volumes=st.lists(st.sampled_from(["0", "0", "1", "1.5", "2", "7", "30", "61"]), min_size=24, max_size=24))
def test_a_volume_is_held_against_the_median_of_what_traded_before(volumes: list[str]) -> None:
    bars = [with_bar(24 + place, volume=volume)[24 + place] for place, volume in enumerate(volumes)]
    traded = [float(bar.volume) for bar in [*CALM[:24], *bars]]
    medians = {}
    for place in range(24, 48):
        before = [volume for volume in traded[place - 12 : place] if volume > 0]
        if len(before) >= 10 and traded[place] >= 10 * statistics.median(before):
            medians[START + (place + 1) * HOUR] = statistics.median(before)

    events = noticed([*CALM[:24], *bars], QualityRules(volume_window=12))
    assert {event.close_time: event.detail["median_volume"] for event in events} == medians

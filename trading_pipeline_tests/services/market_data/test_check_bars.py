"""Which bars a decision may be taken from."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from trading_pipeline.domain.model.bar_history import FirstAvailableBar
from trading_pipeline.domain.model.bars import BarSource
from trading_pipeline.domain.model.checks import CheckName
from trading_pipeline.domain.model.holes import HolePolicy
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline_tests.testkit.builders import START, a_bar, a_range, walk, without
from trading_pipeline_tests.testkit.market_vertical import Vertical

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def vertical(database: Engine) -> Vertical:
    return Vertical(database)


def test_sound_bars_pass_every_question(vertical: Vertical) -> None:
    vertical.bars.append_raw(walk(count=24), BarSource.WEBSOCKET)
    report = vertical.judge(a_range(), START + DAY)
    assert (report.bars, report.failed) == (24, ())
    sound = vertical.checks.sound_bars(["BTCUSDT.BYBIT"], Timeframe.H1, START, START + DAY)
    assert sound == {"BTCUSDT.BYBIT": [START + step * HOUR for step in range(24)]}


def test_a_hole_is_charged_to_bars_after_it(vertical: Vertical) -> None:
    vertical.bars.append_raw(without(walk(count=24), 10, 11) + walk("SOLUSDT.BYBIT", count=24), BarSource.REST)
    report = vertical.judge(a_range(["BTCUSDT.BYBIT", "SOLUSDT.BYBIT"]), START + DAY)
    assert [check.close_time for check in report.failed] == [START + step * HOUR for step in range(13, 25)]
    assert {(check.instrument_id, check.name) for check in report.failed} == {("BTCUSDT.BYBIT", CheckName.NO_GAP)}
    assert {check.detail for check in report.failed} == {"bars missing since 2025-03-01T10:00:00+00:00"}
    assert report.unsound_instruments == ["BTCUSDT.BYBIT"]


def test_a_hole_is_charged_while_windows_hold_it(vertical: Vertical) -> None:
    # 1,700 hours before day 71 is the fourth hour of history, before day 72 the twenty-eighth.
    scope = a_range(start=START + 70 * DAY, days=3)
    vertical.bars.append_raw(without(walk(count=24 * 73), 10), BarSource.REST)
    report = vertical.judge(scope, START + 73 * DAY)
    charged = [check.close_time - HOUR for check in report.failed]
    assert charged == [START + 70 * DAY + step * HOUR for step in range(48)]


def test_what_is_absent_before_a_known_listing_is_not_charged(vertical: Vertical) -> None:
    vertical.bars.append_raw(walk(count=24)[6:], BarSource.REST)
    assert len(vertical.judge(a_range(), START + DAY).failed) == 18
    vertical.bars.record_first_available_bar(FirstAvailableBar("BTCUSDT.BYBIT", START, START + 6 * HOUR), Timeframe.H1)
    assert vertical.judge(a_range(), START + DAY).failed == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"high": "104"}, "high 104.0"),
        ({"low": "101"}, "low 101.0"),
        ({"open": "0", "low": "0"}, "low 0.0"),
        ({"volume": "-1"}, "volume -1.0"),
        ({"close": "NaN"}, "close nan"),
    ],
    ids=["high below close", "low above open", "a price of zero", "negative volume", "no number"],
)
@pytest.mark.parametrize(
    ("policy", "charged"), [(HolePolicy.COMPUTE_OVER, 1), (HolePolicy.REFUSE, 4)], ids=["computed over", "refused"]
)
def test_an_impossible_bar_is_charged_to_itself(
    vertical: Vertical, changes: dict[str, str], words: str, policy: HolePolicy, charged: int
) -> None:
    bars = [a_bar(open_time=START + step * HOUR) for step in range(24)]
    bars[20] = a_bar(open_time=START + 20 * HOUR, **changes)
    vertical.bars.append_raw(bars, BarSource.REST)
    failed = vertical.judge(a_range(policy=policy), START + DAY).failed
    assert [check.close_time for check in failed] == [START + step * HOUR for step in range(21, 21 + charged)]
    assert {check.name for check in failed} == {CheckName.OHLC_SANE}
    assert f"impossible bar at {(START + 20 * HOUR).isoformat()}" in failed[0].detail
    assert words in failed[0].detail


def test_disagreeing_sources_spoil_the_one_bar(vertical: Vertical) -> None:
    bars = walk(count=24)
    vertical.bars.append_raw(bars, BarSource.WEBSOCKET)
    vertical.bars.append_raw([a_bar(open_time=START + 5 * HOUR)], BarSource.REST)
    [check] = vertical.judge(a_range(), START + DAY).failed
    assert (check.name, check.close_time) == (CheckName.SOURCES_AGREE, START + 6 * HOUR)
    assert "sources disagree: rest 100/110/90/105, websocket" in check.detail


def test_a_healed_hole_clears_its_verdicts(vertical: Vertical) -> None:
    bars = walk(count=24)
    vertical.bars.append_raw(without(bars, 10), BarSource.WEBSOCKET)
    assert vertical.judge(a_range(), START + DAY).unsound_instruments == ["BTCUSDT.BYBIT"]
    vertical.bars.append_raw([bars[10]], BarSource.REST)
    assert vertical.judge(a_range(), START + DAY).failed == ()
    assert vertical.checks.failed(["BTCUSDT.BYBIT"], Timeframe.H1, START, START + DAY) == []


def test_a_bar_that_was_not_asked_every_question_is_not_sound(vertical: Vertical) -> None:
    vertical.bars.append_raw(walk(count=2), BarSource.REST)
    vertical.judge(a_range(), START + DAY)
    with vertical.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE trading.data_checks SET no_gap = NULL WHERE close_time = %(close)s", {"close": START + HOUR}
        )
    assert vertical.checks.sound_bars(["BTCUSDT.BYBIT"], Timeframe.H1, START, START + DAY) == {
        "BTCUSDT.BYBIT": [START + HOUR]
    }


def test_details_survive_any_text(vertical: Vertical) -> None:
    vertical.bars.append_raw([a_bar(volume=str(Decimal(-1)))], BarSource.REST)
    [check] = vertical.judge(a_range(), START + DAY).failed
    assert vertical.checks.failed(["BTCUSDT.BYBIT"], Timeframe.H1, START, START + DAY) == [check]


def lose(vertical: Vertical, *places: int) -> None:
    """The venue was asked twice for these hours and has none of them."""
    times = [START + place * HOUR for place in places]
    for asked_at in (START + 90 * DAY, START + 90 * DAY + HOUR):
        vertical.bars.note_absent(InstrumentId("BTCUSDT.BYBIT"), Timeframe.H1, times, asked_at, "none", HOUR)


def test_an_outage_is_charged_to_nobody_unless_the_policy_refuses_it(vertical: Vertical) -> None:
    vertical.bars.append_raw(without(walk(count=24), 10, 11), BarSource.REST)
    lose(vertical, 10, 11)
    assert vertical.judge(a_range(), START + DAY).failed == ()
    refused = vertical.judge(a_range(policy=HolePolicy.REFUSE), START + DAY).failed
    assert [check.close_time for check in refused] == [START + step * HOUR for step in range(13, 25)]


def test_a_hole_beside_an_outage_is_charged(vertical: Vertical) -> None:
    vertical.bars.append_raw(without(walk(count=24), 10, 11, 15), BarSource.REST)
    lose(vertical, 10, 11)
    failed = vertical.judge(a_range(), START + DAY).failed
    assert [check.close_time for check in failed] == [START + step * HOUR for step in range(17, 25)]
    assert {check.detail for check in failed} == {"bars missing since 2025-03-01T15:00:00+00:00"}


def test_windows_reach_back_over_an_outage(vertical: Vertical) -> None:
    # Day 72 begins at bar 1728: its window of 1,700 begins at 28, and with two bars lost in between at 26.
    scope = a_range(start=START + 72 * DAY)
    vertical.bars.append_raw(without(walk(count=24 * 73), 26, 100, 101), BarSource.REST)
    assert {check.detail for check in vertical.judge(scope, START + 73 * DAY).failed} == {
        "bars missing since 2025-03-05T04:00:00+00:00"
    }
    lose(vertical, 100, 101)
    assert {check.detail for check in vertical.judge(scope, START + 73 * DAY).failed} == {
        "bars missing since 2025-03-02T02:00:00+00:00"
    }


def test_a_bar_that_somebody_told_after_all_ends_its_outage(vertical: Vertical) -> None:
    bars = walk(count=24)
    vertical.bars.append_raw(without(bars, 10, 11, 12), BarSource.REST)
    lose(vertical, 10, 11, 12)
    vertical.bars.append_raw([bars[11]], BarSource.FILE)
    outages = vertical.bars.outages([InstrumentId("BTCUSDT.BYBIT")], Timeframe.H1)["BTCUSDT.BYBIT"]
    assert [(one.first_open, one.end) for one in outages] == [
        (START + 10 * HOUR, START + 11 * HOUR),
        (START + 12 * HOUR, START + 13 * HOUR),
    ]
    assert vertical.judge(a_range(), START + DAY).failed == ()


def test_an_impossible_jump_spoils_what_spans_it(vertical: Vertical) -> None:
    old = walk(count=12)
    new = walk(start=START + 12 * HOUR, count=12, price=1_000_000.0)
    vertical.bars.append_raw(old + new, BarSource.REST)
    failed = vertical.judge(a_range(), START + DAY).failed
    assert [check.close_time for check in failed] == [START + step * HOUR for step in range(13, 25)]
    assert {check.name for check in failed} == {CheckName.OHLC_SANE}
    assert "price jumps as no market does: 2025-03-01T12:00:00Z close" in failed[0].detail


def test_one_bad_instrument_leaves_the_others_trading(vertical: Vertical) -> None:
    names = [InstrumentId(f"COIN{number}USDT.BYBIT") for number in range(200)]
    bad = names[77]
    heard = [bar for name in names for bar in walk(name, count=3)]
    heard = [bar for bar in heard if bar.instrument_id != bad or bar.open_time != START + HOUR]
    vertical.bars.append_raw(heard, BarSource.WEBSOCKET)
    report = vertical.judge(a_range(names), START + 3 * HOUR)
    sound = vertical.checks.sound_bars(names, Timeframe.H1, START + 2 * HOUR, START + 3 * HOUR)
    assert report.unsound_instruments == [bad]
    assert set(sound) == set(names) - {bad}

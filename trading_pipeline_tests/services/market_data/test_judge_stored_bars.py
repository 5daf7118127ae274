"""What is stored is judged again as it is now, and nothing else."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from trading_pipeline.domain.model.bars import BarSource
from trading_pipeline.domain.model.checks import CheckName
from trading_pipeline.domain.model.holes import HolePolicy, HoleRules
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.services.market_data.judge_stored_bars import judge_stored_bars
from trading_pipeline.services.market_data.missing_ends import missing_ends
from trading_pipeline_tests.testkit.builders import START, a_range, walk
from trading_pipeline_tests.testkit.market_vertical import Vertical

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BTC, SOL = InstrumentId("BTCUSDT.BYBIT"), InstrumentId("SOLUSDT.BYBIT")
NOW = START + 4 * DAY


@pytest.fixture
def vertical(database: Engine) -> Vertical:
    """Four days of bars, of which the second and the fourth are computed."""
    vertical = Vertical(database)
    vertical.bars.append_raw(walk(count=96) + walk(SOL, count=96), BarSource.WEBSOCKET)
    for days in (1, 3):
        vertical.judge(a_range([BTC, SOL], start=START + days * DAY), NOW)
    return vertical


def judge(vertical: Vertical, policy: HolePolicy = HolePolicy.REFUSE) -> int:
    return judge_stored_bars(vertical.bars, vertical.checks, [BTC, SOL], Timeframe.H1, START, HoleRules(policy))


def change(vertical: Vertical, statement: str) -> None:
    with vertical.engine.begin() as connection:
        connection.execute(text(statement))


def test_days_that_were_computed_are_asked_again_and_no_others(vertical: Vertical) -> None:
    before = vertical.versions()
    assert judge(vertical) == 96
    assert vertical.versions() == before


def test_a_broken_bar_is_found_with_those_spoiled(vertical: Vertical) -> None:
    at = (START + 3 * DAY + 5 * HOUR).isoformat()
    change(vertical, f"UPDATE trading.bars SET high = low - 1 WHERE instrument_id = '{BTC}' AND open_time = '{at}'")
    judge(vertical)
    (failed,) = vertical.checks.failed_bars(Timeframe.H1)
    assert (failed.instrument_id, failed.name, failed.bars) == (BTC, CheckName.OHLC_SANE, 19)


def test_a_bar_computed_over_spoils_no_other(vertical: Vertical) -> None:
    at = (START + 3 * DAY + 5 * HOUR).isoformat()
    change(vertical, f"UPDATE trading.bars SET high = low - 1 WHERE instrument_id = '{BTC}' AND open_time = '{at}'")
    judge(vertical, HolePolicy.COMPUTE_OVER)
    (failed,) = vertical.checks.failed_bars(Timeframe.H1)
    assert (failed.instrument_id, failed.name, failed.bars) == (BTC, CheckName.OHLC_SANE, 1)


def test_bars_of_days_nobody_computed_spoil_later_days(
    vertical: Vertical,
) -> None:
    at = (START + 2 * DAY).isoformat()
    change(vertical, f"UPDATE trading.bars SET high = low - 1 WHERE instrument_id = '{SOL}' AND open_time = '{at}'")
    judge(vertical)
    assert [(one.instrument_id, one.bars) for one in vertical.checks.failed_bars(Timeframe.H1)] == [(SOL, 24)]


def test_a_verdict_is_withdrawn_when_its_bar_is_good_again(vertical: Vertical) -> None:
    at = (START + 3 * DAY + 5 * HOUR).isoformat()
    where = f"WHERE instrument_id = '{BTC}' AND open_time = '{at}'"
    change(vertical, f"UPDATE trading.bars SET high = -high {where}")
    judge(vertical)
    assert len(vertical.checks.failed_bars(Timeframe.H1)) == 1
    change(vertical, f"UPDATE trading.bars SET high = -high {where}")
    judge(vertical)
    assert vertical.checks.failed_bars(Timeframe.H1) == []


def test_whoever_lacks_the_bar_of_the_newest_computed_wave_is_named(vertical: Vertical) -> None:
    ends = [missing_ends(vertical.bars, vertical.waves, [BTC, SOL], Timeframe.H1)]
    vertical.bars.append_raw(walk(start=NOW, count=1), BarSource.WEBSOCKET)
    vertical.bars.consolidate([BTC], Timeframe.H1, NOW, NOW + HOUR)
    vertical.waves.mark_computed(NOW + HOUR, Timeframe.H1, [BTC], "run-1")
    ends.append(missing_ends(vertical.bars, vertical.waves, [BTC, SOL], Timeframe.H1))
    assert [[(one.instrument_id, one.missing) for one in found] for found in ends] == [[], [(SOL, (NOW,))]]


def test_a_long_history_is_asked_to_its_end(database: Engine) -> None:
    vertical = Vertical(database)
    vertical.bars.append_raw(walk(count=250, timeframe=Timeframe.D1), BarSource.REST)
    now = START + 250 * DAY
    vertical.judge(a_range([BTC], Timeframe.D1, days=250), now)
    assert judge_stored_bars(vertical.bars, vertical.checks, [BTC], Timeframe.D1, START, HoleRules()) == 250

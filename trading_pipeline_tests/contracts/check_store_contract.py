"""What ``CheckStore`` promises, whoever keeps it."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from trading_pipeline.domain.model.checks import CheckName
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.judged_bars import JudgedBars
from trading_pipeline.domain.model.timeframes import Timeframe, to_ms
from trading_pipeline.ports.stores.market_data.check_store import CheckStore
from trading_pipeline_tests.testkit.builders import START

HOUR = timedelta(hours=1)
END = START + 24 * HOUR
BTC, SOL = InstrumentId("BTCUSDT.BYBIT"), InstrumentId("SOLUSDT.BYBIT")


def verdicts(hour: int = 0, instrument_id: InstrumentId = BTC, failed: CheckName | None = None) -> JudgedBars:
    """Every answer about the bar that opens ``hour`` hours after the start, all good but one."""
    answers: dict[CheckName, dict[int, str]] = {
        name: {0: "one bar missing"} if name is failed else {} for name in CheckName
    }
    return JudgedBars(instrument_id, Timeframe.H1, np.array([to_ms(START + (hour + 1) * HOUR)]), answers)


class CheckStoreContract:
    """Give the fixture ``checks``, which is empty."""

    def test_a_bar_that_passed_every_check_is_sound(self, checks: CheckStore) -> None:
        checks.save([verdicts(1), verdicts(0)])
        assert checks.sound_bars([BTC, SOL], Timeframe.H1, START, END) == {BTC: [START, START + HOUR]}

    @pytest.mark.parametrize("left_out", list(CheckName))
    def test_a_bar_that_was_not_asked_every_question_is_not_sound(
        self, checks: CheckStore, left_out: CheckName
    ) -> None:
        bar = verdicts()
        checks.save([replace(bar, answers={name: {} for name in bar.answers if name is not left_out})])
        assert checks.sound_bars([BTC], Timeframe.H1, START, END) == {}
        assert checks.failed([BTC], Timeframe.H1, START, END) == []

    @pytest.mark.parametrize("failed", list(CheckName))
    def test_a_bar_that_failed_once_is_not_sound_and_says_why(self, checks: CheckStore, failed: CheckName) -> None:
        checks.save([verdicts(failed=failed)])
        assert checks.sound_bars([BTC], Timeframe.H1, START, END) == {}
        (against,) = checks.failed([BTC], Timeframe.H1, START, END)
        assert (against.name, against.passed, against.detail) == (failed, False, "one bar missing")

    def test_a_later_verdict_takes_the_place_of_an_earlier_one(self, checks: CheckStore) -> None:
        checks.save([verdicts(failed=CheckName.NO_GAP)])
        assert checks.save([verdicts()]) == 1
        assert checks.failed([BTC], Timeframe.H1, START, END) == []
        assert checks.sound_bars([BTC], Timeframe.H1, START, END) == {BTC: [START]}

    def test_saving_again_changes_nothing(self, checks: CheckStore) -> None:
        every = verdicts(failed=CheckName.OHLC_SANE)
        assert checks.save([every]) == 1
        assert checks.save([every]) == 0
        assert checks.save([replace(every, answers={**every.answers, CheckName.OHLC_SANE: {0: "seen again"}})]) == 1

    def test_many_bars_and_what_speaks_against_some_are_told_as_they_are(self, checks: CheckStore) -> None:
        closes = np.array([to_ms(START + (hour + 1) * HOUR) for hour in range(24)])
        words = "sources disagree: a\ttab, a \\N and\na line"
        answers = {name: {3: words} if name is CheckName.SOURCES_AGREE else {} for name in CheckName}
        assert checks.save([JudgedBars(BTC, Timeframe.H1, closes, answers)]) == 24
        (against,) = checks.failed([BTC], Timeframe.H1, START, END)
        assert (against.close_time, against.name, against.detail) == (START + 4 * HOUR, CheckName.SOURCES_AGREE, words)
        assert len(checks.sound_bars([BTC], Timeframe.H1, START, END)[BTC]) == 23
        # What is known of some bars is kept beside what is new of others.
        later = JudgedBars(BTC, Timeframe.H1, closes[12:] + 12 * Timeframe.H1.ms, {name: {} for name in CheckName})
        assert checks.save([later]) == 12

    def test_a_range_holds_its_start_and_not_its_end(self, checks: CheckStore) -> None:
        for hour in range(4):
            checks.save([verdicts(hour, failed=CheckName.NO_GAP if hour % 2 else None)])
        assert checks.sound_bars([BTC], Timeframe.H1, START, START + 2 * HOUR) == {BTC: [START]}
        against = checks.failed([BTC], Timeframe.H1, START + HOUR, START + 3 * HOUR)
        assert [check.close_time for check in against] == [START + 2 * HOUR]

    def test_verdicts_come_by_instrument_and_time(self, checks: CheckStore) -> None:
        for instrument_id in (SOL, BTC):
            for hour in (1, 0):
                checks.save([verdicts(hour, instrument_id, CheckName.NO_GAP)])
        against = checks.failed([SOL, BTC], Timeframe.H1, START, END)
        assert [(check.instrument_id, check.close_time) for check in against] == [
            (BTC, START + HOUR),
            (BTC, START + 2 * HOUR),
            (SOL, START + HOUR),
            (SOL, START + 2 * HOUR),
        ]

    def test_timeframes_are_kept_apart(self, checks: CheckStore) -> None:
        checks.save([verdicts()])
        assert checks.sound_bars([BTC], Timeframe.M15, START, END) == {}

    def test_a_verdict_on_any_bar_judges_its_day(self, checks: CheckStore) -> None:
        for hour in (0, 23, 49):
            checks.save([verdicts(hour)])
        checks.save([verdicts(24, SOL, CheckName.NO_GAP)])
        day = timedelta(days=1)
        assert checks.judged_days([BTC], Timeframe.H1) == {BTC: [START, START + 2 * day]}
        assert checks.judged_days([SOL, BTC], Timeframe.H1)[SOL] == [START + day]
        assert checks.judged_days([BTC, SOL], Timeframe.M15) == {}

    def test_a_close_between_verdicts_without_one_is_skipped(self, checks: CheckStore) -> None:
        closes = [START + hours * HOUR for hours in (1, 2, 3, 4)]
        for hour in (0, 2):
            checks.save([verdicts(hour)])
        assert checks.skipped_closes([BTC, SOL], [Timeframe.H1, Timeframe.M15], closes) == [START + 2 * HOUR]
        checks.save([verdicts(1, SOL)])
        assert checks.skipped_closes([SOL], [Timeframe.H1], closes) == []
        checks.save([verdicts(1)])
        assert checks.skipped_closes([BTC, SOL], [Timeframe.H1], closes) == []

"""AVI-5 decides with the book at the close and the calibration of the day."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pandas as pd
import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.market_data.book_store import PostgresBookSampleStore
from trading_pipeline.adapters.stores.research.calibration_store import PostgresCalibrationStore
from trading_pipeline.domain.model.bars import BarSource
from trading_pipeline.domain.model.books import BookReading, BookSample
from trading_pipeline.domain.model.calibrations import Calibration, HourlyTheta
from trading_pipeline.domain.model.signals import Signal
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.strategies.avi5.avi5 import Avi5, Avi5Parameters
from trading_pipeline.services.research.judge_triggers import TriggerFacts, judge_triggers
from trading_pipeline.services.strategy.answers import signals_of
from trading_pipeline.services.strategy.book_evidence import BookEvidence
from trading_pipeline.services.strategy.generate_signals import SignalReport, generate_signals
from trading_pipeline.services.strategy.windows import DayWindow
from trading_pipeline_tests.testkit.builders import START, a_range, walk
from trading_pipeline_tests.testkit.market_vertical import Vertical

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
END = START + 4 * DAY
RULE = Avi5Parameters(confirm_trend=False, confirm_vwap=False, confirm_book=True)


def readings(closes: Iterable[datetime], imbalance: str) -> list[BookSample]:
    """Longs and shorts alike find the book on one side: bids for a positive imbalance."""
    value = Decimal(imbalance)
    return [
        BookSample("BTCUSDT.BYBIT", close, BookReading(close, Decimal(1), Decimal(10**6), value, value))
        for close in closes
    ]


class Stage(Vertical):
    """Four days of hourly bars, and what AVI-5 says of them."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.books, self.calibrations = PostgresBookSampleStore(engine), PostgresCalibrationStore(engine)
        self.strategies = [replace(self.strategies[0], strategy=Avi5(RULE), timeframes=(Timeframe.H1,))]
        self.bars.append_raw(walk(count=96), BarSource.REST)
        self.judge(a_range(days=4), END)

    def keep(self, samples: Iterable[BookSample]) -> None:
        for sample in samples:
            self.books.append(sample)

    def calibrate(self, at: datetime, theta: float, dead: bool = False) -> None:
        hours = tuple(HourlyTheta(hour, theta, dead, 40, 1.5, 1.5) for hour in range(24))
        self.calibrations.append(Calibration(at, START, START, hours, None, None, True, 40), "run-1")

    def say(self) -> SignalReport:
        evidence = BookEvidence(self.books, self.calibrations)
        return generate_signals(self.bars, self.checks, self.signals, self.strategies, a_range(days=4), END, evidence)

    def said(self) -> list[Signal]:
        return self.signals.signals(["BTCUSDT.BYBIT"], Timeframe.H1, START, END)


CLOSES = [START + hour * HOUR for hour in range(1, 97)]


@pytest.fixture
def stage(database: Engine) -> Stage:
    return Stage(database)


def test_without_a_sample_the_book_confirms_nothing(stage: Stage) -> None:
    report = stage.say()
    assert (report.entries, report.refused) == (0, ())


def test_only_the_book_of_exactly_the_close_confirms(stage: Stage) -> None:
    stage.keep(readings(CLOSES, "0.5"))
    stage.say()
    longs = stage.said()
    assert {signal.bias.value for signal in longs} == {"long"}
    assert {signal.details["imbalance"] for signal in longs} == {0.5}
    assert stage.say().changed == 0


def test_a_sample_of_another_close_confirms_nothing(stage: Stage) -> None:
    stage.keep(readings([close + timedelta(minutes=5) for close in CLOSES], "0.5"))
    assert stage.say().entries == 0


def test_a_day_uses_the_calibration_before_it(stage: Stage) -> None:
    stage.keep(readings(CLOSES, "0.3"))
    assert stage.say().entries == 0  # below the theta of the file
    noon = START + 2 * DAY - 12 * HOUR
    stage.calibrate(noon, 0.25)
    stage.say()
    signals = stage.said()
    assert signals
    assert min(signal.close_time for signal in signals) > START + 2 * DAY
    versions = {signal.strategy_version for signal in signals}
    assert len(versions) == 1
    assert versions != {Avi5(RULE).version}


def test_a_dead_hour_of_the_calibration_has_no_signal(stage: Stage) -> None:
    stage.keep(readings(CLOSES, "0.5"))
    stage.calibrate(START - DAY, 0.25, dead=True)
    assert stage.say().entries == 0


def test_a_calibration_is_made_of_triggers_that_no_signal_came_of(stage: Stage) -> None:
    stage.keep(readings(CLOSES[:-24], "0.05"))
    stage.say()
    facts = TriggerFacts(stage.bars, stage.checks, stage.books, {})
    judged = judge_triggers(facts, stage.strategies, ["BTCUSDT.BYBIT"], START, END)
    assert stage.said() == []
    assert judged
    assert {one.signal.details["imbalance"] for one in judged} == {0.05}
    assert all(one.signal.close_time <= CLOSES[-25] for one in judged)


def test_triggers_are_judged_by_the_fees_of_their_instrument(stage: Stage) -> None:
    stage.keep(readings(CLOSES[:-24], "0.05"))
    results = []
    for taker_fee_bps in (0.0, 50.0):
        fees = {"BTCUSDT.BYBIT": {"taker_fee_bps": taker_fee_bps}}
        facts = TriggerFacts(stage.bars, stage.checks, stage.books, fees)
        results.append([one.result_r for one in judge_triggers(facts, stage.strategies, ["BTCUSDT.BYBIT"], START, END)])
    free, costly = results
    assert len(free) == len(costly) > 0
    assert all(one > other for one, other in zip(free, costly, strict=True))


def test_without_a_sample_there_is_no_trigger_to_learn_from(stage: Stage) -> None:
    facts = TriggerFacts(stage.bars, stage.checks, stage.books, {})
    assert judge_triggers(facts, stage.strategies, ["BTCUSDT.BYBIT"], START, END) == []


def test_days_seen_together_are_decided_as_each_was(stage: Stage) -> None:
    stage.keep(readings(CLOSES, "0.3"))
    stage.calibrate(START + 2 * DAY - 12 * HOUR, 0.25)
    stage.say()
    bars = stage.bars.frame(["BTCUSDT.BYBIT"], Timeframe.H1, START, END).reset_index(drop=True)
    window = DayWindow("BTCUSDT.BYBIT", bars, pd.Series(True, index=bars.index))
    days = BookEvidence(stage.books, stage.calibrations).by_day(stage.strategies[0], window)
    together = [signal for plan, seen in days for signal in signals_of(seen, plan, Timeframe.H1)[0]]
    assert [(one.signal_id, one.strategy_version) for one in together] == [
        (one.signal_id, one.strategy_version) for one in stage.said()
    ]

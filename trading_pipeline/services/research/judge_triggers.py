"""What triggers of calibrated strategies would have earned, also those that a threshold kept from becoming signals."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import pandas as pd

from trading_pipeline.domain.backtest.live_rules import live_rules
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.partitions import WINDOW_BARS
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.strategies.framework.plan import StrategyConfig
from trading_pipeline.ports.stores.market_data.bar_store import BarStore
from trading_pipeline.ports.stores.market_data.book_store import BookSampleStore
from trading_pipeline.ports.stores.market_data.check_store import CheckStore
from trading_pipeline.services.research.calibrate_avi5 import JudgedSignal
from trading_pipeline.services.research.judge_signals import judge_signals
from trading_pipeline.services.strategy.answers import signals_of
from trading_pipeline.services.strategy.book_evidence import with_book
from trading_pipeline.services.strategy.windows import DayWindow


@dataclass(frozen=True, slots=True)
class TriggerFacts:
    """What was heard and judged.

    :param fees: of the instruments, by instrument, in the words of ``Costs``; they come before the configuration's.
    """

    bars: BarStore
    checks: CheckStore
    books: BookSampleStore
    fees: Mapping[InstrumentId, Mapping[str, float]]


def judge_triggers(
    facts: TriggerFacts,
    plans: Sequence[StrategyConfig],
    instrument_ids: Sequence[InstrumentId],
    since: datetime,
    now: datetime,
) -> list[JudgedSignal]:
    """Every trigger of calibrated strategies at a sound bar with a book sample, whatever the imbalance was.

    Their trades are left by the lifecycle of the strategy's file.

    Stored signals would not do: they are those that a threshold let through, and a calibration on them
    could only ever raise it.

    :param since: closes after it count, up to ``now``; both UTC.
    """
    return [
        judged
        for plan in plans
        if (uncalibrated := plan.strategy.uncalibrated()) is not None
        for timeframe in plan.timeframes
        for instrument_id in instrument_ids
        if plan.covers(instrument_id, timeframe)
        for judged in _judged(facts, replace(plan, strategy=uncalibrated), timeframe, instrument_id, (since, now))
    ]


def _judged(
    facts: TriggerFacts,
    plan: StrategyConfig,
    timeframe: Timeframe,
    instrument_id: InstrumentId,
    span: tuple[datetime, datetime],
) -> Iterator[JudgedSignal]:
    since, now = span
    # Asked before the bars: without a book nothing can be judged, and its bars need not be read.
    samples = facts.books.samples(instrument_id, since, now)
    if samples:
        first, last = timeframe.floor(samples[0].close_time) - timeframe.duration, timeframe.floor(now)
        # From the anchor of 1,700 bars, as the pipeline computes them.
        bars = facts.bars.frame([instrument_id], timeframe, first - WINDOW_BARS * timeframe.duration, last)
        sound = facts.checks.sound_bars([instrument_id], timeframe, first, last).get(instrument_id, [])
        kept = bars["open_time"].isin(pd.DatetimeIndex(sound, tz="UTC")) & (bars["close_time"] > since)
        window = DayWindow(instrument_id, with_book(bars, samples), kept)
        rules = live_rules(plan.lifecycle, timeframe.ms).with_values(facts.fees.get(instrument_id, {}))
        entries, _ = signals_of(window, plan, timeframe)
        yield from judge_signals(entries, bars, rules.exits, rules.costs)

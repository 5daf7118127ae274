"""Lanes: who trades which instrument by which bars in one account, and in which order."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trading_pipeline.domain.backtest.codes import EntriesBy
from trading_pipeline.domain.backtest.config import BacktestConfig
from trading_pipeline.domain.backtest.translate import SymbolInput
from trading_pipeline.domain.model.errors import ConfigurationError, DataError
from trading_pipeline.domain.model.identity import InstrumentId

COMMON = ("max_open_positions", "max_daily_loss", "max_drawdown", "entries_by")
"""Limits of the whole account."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One strategy on one instrument and timeframe, with its own rules, in an account it may share.

    :param strategy: its name, which orders entries and labels results.
    :param given: bars of its timeframe, its signals, and the instrument's steps and funding.
    """

    strategy: str
    instrument_id: InstrumentId
    config: BacktestConfig
    given: SymbolInput

    @property
    def bar_ms(self) -> int:
        """Length of its bars in milliseconds, by the first one."""
        return int(self.given.bars.close_time_ms[0] - self.given.bars.open_time_ms[0])

    @property
    def label(self) -> str:
        """How messages name it."""
        return f"{self.strategy} on {self.instrument_id}" if self.strategy else self.instrument_id


def in_order(lanes: Sequence[Lane]) -> list[Lane]:
    """Lanes in the order in which they enter at one instant.

    By instrument, the longer timeframe first, then the strategy's name; where scores decide, the instrument is what
    decides last.
    """
    if lanes[0].config.limits.entries_by is EntriesBy.SCORE:
        return sorted(lanes, key=lambda lane: (-lane.bar_ms, lane.strategy, lane.instrument_id))
    return sorted(lanes, key=lambda lane: (lane.instrument_id, -lane.bar_ms, lane.strategy))


def refuse_conflicts(lanes: Sequence[Lane]) -> None:
    """Hold the lanes of one account against each other.

    :raises ConfigurationError: a rule of the account differs between lanes, or two lanes are the same.
    :raises DataError: lanes of one instrument disagree about it.
    """
    first = lanes[0]
    seen: set[tuple[str, str, int]] = set()
    instrument_ids: dict[str, Lane] = {}
    bars: dict[tuple[str, int], Lane] = {}
    for lane in lanes:
        _refuse_other_account(first, lane)
        name = (lane.strategy, lane.instrument_id, lane.bar_ms)
        if name in seen:
            raise ConfigurationError(f"{lane.label}: given twice with bars of {lane.bar_ms} ms; give each once")
        seen.add(name)
        _refuse_other_symbol(instrument_ids.setdefault(lane.instrument_id, lane), lane)
        other = bars.setdefault((lane.instrument_id, lane.bar_ms), lane).given.bars
        mine = lane.given.bars
        # Times and closes are enough: they are what is compared between lanes, and other bars differ in them.
        if mine is not other and not all(
            np.array_equal(getattr(mine, name), getattr(other, name)) for name in ("close_time_ms", "close")
        ):
            raise DataError(
                f"{lane.label}: other bars of {lane.bar_ms} ms than another strategy has; give all the same"
            )


def _refuse_other_account(first: Lane, lane: Lane) -> None:
    """Rules of the account are the same in all lanes."""
    rules = {name: (getattr(first.config.limits, name), getattr(lane.config.limits, name)) for name in COMMON}
    rules["initial_capital"] = (first.config.initial_capital, lane.config.initial_capital)
    for name, (one, other) in rules.items():
        if one != other:
            raise ConfigurationError(
                f"{name} = {other} of {lane.label}, {one} of {first.label}: one account has one; set them alike"
            )


def _refuse_other_symbol(first: Lane, lane: Lane) -> None:
    """An instrument has its steps and its funding, whoever trades it."""
    if lane.given.steps != first.given.steps:
        raise DataError(f"{lane.label}: steps {lane.given.steps}, another lane has {first.given.steps}; set them alike")
    mine, other = lane.given.funding, first.given.funding
    if mine is other:
        return
    same = mine is not None and other is not None and np.array_equal(mine.time_ms, other.time_ms)
    if not (same and mine is not None and other is not None and np.array_equal(mine.rate, other.rate)):
        raise DataError(f"{lane.label}: other funding than another lane of the instrument has; give all the same")

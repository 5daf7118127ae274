"""Many parameter sets over the same bars, on several cores, keeping nothing but their figures.

The compiled loop releases the interpreter lock, so threads share the bars and each needs memory for
one run at a time: the footprint does not grow with the number of sets.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from trading_pipeline.domain.backtest.codes import EntriesBy
from trading_pipeline.domain.backtest.config import BacktestConfig, Trail
from trading_pipeline.domain.backtest.figures import FIGURES, YEAR_MS, summarise
from trading_pipeline.domain.backtest.kernel import simulate
from trading_pipeline.domain.backtest.lanes import Lane
from trading_pipeline.domain.backtest.layout import (
    Layout,
    Scale,
    entries_of,
    market_of,
    positions_of,
    refuse_unknown_closes,
    scaled,
    scales_of,
    weigh,
)
from trading_pipeline.domain.backtest.ledger import check_ledger
from trading_pipeline.domain.backtest.records import ENTRY, Floats, Market, Records, new_book
from trading_pipeline.domain.backtest.signals import EntrySignals
from trading_pipeline.domain.backtest.translate import SymbolInput, rules_of
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.strategies.framework.arrays import BarArrays
from trading_pipeline.domain.strategies.framework.base import Strategy

Markets = dict[Trail, Market]
Factors = dict[Scale, Floats]

NO_SIGNALS = EntrySignals(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
# Enough pieces that a slow one does not leave the other cores waiting at the end.
PIECES_PER_WORKER = 8


class SignalSource(Protocol):
    """Anything that writes the signals of one set."""

    def rows(self, close: Floats, scratch: Records) -> Records:
        """Signals as rows ordered by bar; ``scratch`` may hold them and has one row per bar."""
        ...


@dataclass(frozen=True, slots=True)
class GivenSignals:
    """Signals that were computed beforehand."""

    signals: EntrySignals
    bars: BarArrays

    def rows(self, close: Floats, scratch: Records) -> Records:  # noqa: ARG002 - they are already there
        """The signals as fresh rows."""
        layout = _layout(self.bars, BacktestConfig(), self.signals)
        return entries_of(layout, market_of(layout))[0]


@dataclass(frozen=True, slots=True)
class StrategySignals:
    """A strategy with its parameters, the object that assets and backtests run too; asked when its turn comes.

    :param frame: the bars of the sweep, with the higher timeframes that the strategy wants to see.
    :param bars: the arrays of ``frame``.
    """

    strategy: Strategy
    frame: pd.DataFrame
    bars: BarArrays

    def rows(self, close: Floats, scratch: Records) -> Records:
        """The strategy's entries and exits as fresh rows."""
        signals = EntrySignals.of_strategy(self.strategy, self.frame, self.bars)
        return GivenSignals(signals, self.bars).rows(close, scratch)


@dataclass(frozen=True, slots=True)
class ParameterSet:
    """One run of a sweep."""

    config: BacktestConfig
    source: SignalSource


def run_sweep(bars: BarArrays, sets: Sequence[ParameterSet], workers: int) -> Records:
    """Figures of every set, in the order of ``sets``; the fields are those of ``FigureRow``.

    :param workers: threads, one per core.
    :raises ConfigurationError: a set needs a series that a sweep does not have.
    :raises BrokenLedger: the money of one run does not add up.
    """
    for one in sets:
        if one.config.exits.next_bar_exit:
            raise ConfigurationError("next_bar_exit needs a momentum series, which a sweep does not have: turn it off")
        if one.config.limits.entries_by is EntriesBy.SCORE:
            raise ConfigurationError(
                "entries_by score: a sweep has one instrument, and nothing to choose from; leave it"
            )
    # Only the runner's rule changes what the bars bring along.
    markets = {config.exits.trail: _market(bars, config) for config in {one.config for one in sets}}
    scales = {scale for one in sets for scale in scales_of(one.config) if scale is not None}
    factors = {scale: scaled(bars, scale) for scale in scales}
    figures = np.zeros(len(sets), FIGURES)
    pieces = np.array_split(np.arange(len(sets)), max(1, min(len(sets), workers * PIECES_PER_WORKER)))
    with ThreadPoolExecutor(workers) as threads:
        work = [threads.submit(_run_piece, bars, [sets[i] for i in piece], markets, factors) for piece in pieces]
        for piece, one_piece in zip(pieces, work, strict=True):
            figures[piece] = one_piece.result()
    return figures


def _layout(bars: BarArrays, config: BacktestConfig, signals: EntrySignals) -> Layout:
    """The one lane of a sweep."""
    return Layout.of([Lane("", InstrumentId(""), config, SymbolInput(bars, signals))], {})


def _market(bars: BarArrays, config: BacktestConfig) -> Market:
    """The bars with the series that this configuration's rules read."""
    layout = _layout(bars, config, NO_SIGNALS)
    refuse_unknown_closes(layout)
    return market_of(layout)


def _run_piece(bars: BarArrays, sets: Sequence[ParameterSet], markets: Markets, factors: Factors) -> Records:
    """Run some sets one after the other in memory that is used again."""
    figures = np.zeros(len(sets), FIGURES)
    scratch = np.zeros(len(bars), ENTRY)
    # No configuration changes a flat lane, so that one serves all runs; each gets a copy.
    positions = positions_of(_layout(bars, BacktestConfig(), NO_SIGNALS))
    years = float(bars.close_time_ms[-1] - bars.open_time_ms[0]) / YEAR_MS
    for i, one in enumerate(sets):
        market, rules, capital = markets[one.config.exits.trail], rules_of([one.config]), one.config.initial_capital
        entries = one.source.rows(market.close, scratch)
        weigh(entries, one.config, entries["own"], factors.__getitem__)
        book = new_book(positions, len(bars), entries, rules)
        simulate(market, rules, book)
        check_ledger(market, book, capital)
        summarise(book.trades[: book.account[0]["trades"]], book.equity, capital, years, figures[i])
    return figures

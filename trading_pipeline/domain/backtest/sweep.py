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

from trading_pipeline.domain.backtest.config import BacktestConfig, Trail, VolatilitySizing
from trading_pipeline.domain.backtest.figures import FIGURES, summarise
from trading_pipeline.domain.backtest.kernel import simulate
from trading_pipeline.domain.backtest.ledger import check_ledger
from trading_pipeline.domain.backtest.records import ENTRY, Floats, Market, Records, new_book
from trading_pipeline.domain.backtest.signals import EntrySignals
from trading_pipeline.domain.backtest.translate import SymbolInput, calm_of, entries_of, market_of, rules_of
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.strategies.arrays import BarArrays
from trading_pipeline.domain.strategies.base import Strategy

Markets = dict[Trail, Market]
Calms = dict[VolatilitySizing, Floats]

NO_SIGNALS = EntrySignals(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
YEAR_MS = 365.25 * 86_400_000
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
        wave = np.arange(len(self.bars), dtype=np.int64)
        return entries_of([SymbolInput(self.bars, self.signals)], np.zeros(1, np.int64), wave)


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
    # Only the runner's rule changes what the bars bring along.
    markets = {config.exits.trail: _market(bars, config) for config in {one.config for one in sets}}
    sizing = {one.config.limits.volatility for one in sets}
    calms = {rule: calm_of([bars], rule) for rule in sizing if rule is not None}
    figures = np.zeros(len(sets), FIGURES)
    pieces = np.array_split(np.arange(len(sets)), max(1, min(len(sets), workers * PIECES_PER_WORKER)))
    with ThreadPoolExecutor(workers) as threads:
        work = [threads.submit(_run_piece, bars, [sets[i] for i in piece], markets, calms) for piece in pieces]
        for piece, one_piece in zip(pieces, work, strict=True):
            figures[piece] = one_piece.result()
    return figures


def _market(bars: BarArrays, config: BacktestConfig) -> Market:
    """The bars with the series that this configuration's rules read."""
    return market_of([SymbolInput(bars, NO_SIGNALS)], config)


def _run_piece(bars: BarArrays, sets: Sequence[ParameterSet], markets: Markets, calms: Calms) -> Records:
    """Run some sets one after the other in memory that is used again."""
    figures = np.zeros(len(sets), FIGURES)
    scratch = np.zeros(len(bars), ENTRY)
    periods_per_year = YEAR_MS / float(bars.close_time_ms[0] - bars.open_time_ms[0])
    for i, one in enumerate(sets):
        market, rules, capital = markets[one.config.exits.trail], rules_of(one.config), one.config.initial_capital
        entries, volatility = one.source.rows(market.close, scratch), one.config.limits.volatility
        if volatility is not None:
            entries["share"] *= calms[volatility][entries["bar"]]
        book = new_book(market.first, len(bars), entries, rules)
        simulate(market, rules, book)
        check_ledger(market, book, capital)
        summarise(book.entries, book.equity, capital, periods_per_year, figures[i])
    return figures

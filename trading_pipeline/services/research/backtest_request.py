"""What a backtest is asked to run: strategies on their bars, and what surrounds them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from trading_pipeline.domain.backtest.config import BacktestConfig
from trading_pipeline.domain.backtest.presets import RulesUsed
from trading_pipeline.domain.backtest.signals import EntrySignals
from trading_pipeline.domain.backtest.translate import Funding, Steps
from trading_pipeline.domain.model.holes import HolePolicy
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.strategies.framework.base import Strategy
from trading_pipeline.services.research.research_window import Window


@dataclass(frozen=True, slots=True)
class StrategyRun:
    """One strategy on one timeframe of the account.

    :param bars: frames with ``BAR_COLUMNS`` by instrument; they may begin before the window, for the warm-up.
        Higher timeframes are made of all of them.
    :param signals: by instrument, of a strategy that bars alone do not let decide; positions are those of its bars
        in the window with their warm-up.
    """

    strategy: Strategy
    timeframe: Timeframe
    bars: Mapping[InstrumentId, pd.DataFrame]
    config: BacktestConfig
    signals: Mapping[InstrumentId, EntrySignals] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BacktestRequest:
    """What to run.

    :param window: entries are taken at bars inside it, and figures are about it alone.
    :param steps: of the instruments, by instrument; none where an instrument is missing.
    :param fees: of the instruments, by instrument, in the words of ``Costs``; they come before those of the rules.
    :param funding: recorded events by instrument; what they do not cover is assumed by the costs.
    :param path: the finest bars by instrument, along which prices are taken to have moved.
    :param code_version: of what turns bars into trades; part of the run's identity.
    :param holes: what a hole means for the bars after it, as the pipeline's ``universe.yaml`` has it.
    :param allow_jumps: take prices that jump as no market does, and name them in ``params["notes"]``.
    :param notes: what was said when the bars were read; likewise.
    :param run_id: a name for the run; derived from everything else when empty.
    """

    runs: Sequence[StrategyRun]
    code_version: str
    rules: RulesUsed = field(default_factory=RulesUsed)
    window: Window = field(default_factory=Window)
    steps: Mapping[InstrumentId, Steps] = field(default_factory=dict)
    fees: Mapping[InstrumentId, Mapping[str, float]] = field(default_factory=dict)
    funding: Mapping[InstrumentId, Funding] = field(default_factory=dict)
    path: Mapping[InstrumentId, pd.DataFrame] = field(default_factory=dict)
    holes: HolePolicy = HolePolicy.COMPUTE_OVER
    allow_jumps: bool = False
    notes: tuple[str, ...] = ()
    run_id: str = ""

    @property
    def timeframe(self) -> Timeframe:
        """The shortest that anything is decided on."""
        return min((run.timeframe for run in self.runs), key=lambda timeframe: timeframe.ms)

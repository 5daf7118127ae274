"""What is held against the backtest: an account's strategies, their bars, and what no configuration can say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pandas as pd

from trading_pipeline.domain.backtest.translate import Funding, Steps
from trading_pipeline.domain.model.holes import HolePolicy
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.strategies.framework.plan import StrategyConfig
from trading_pipeline.services.research.account_backtest import Bars
from trading_pipeline.services.research.research_window import Window
from trading_pipeline.services.strategy.book_evidence import BookEvidence


@dataclass(frozen=True, slots=True)
class ParityQuestion:
    """One account over one stretch of time.

    :param plans: every strategy that the account runs.
    :param bars: of every timeframe the account sees, from before the window to its end.
    :param start: closing instants after it are compared, up to and without ``end``: what the last close decides
        has no later bar in a backtest.
    :param capital: equity at the start, quote currency.
    :param steps: of the instruments, by instrument.
    :param fees: of the instruments, by instrument, where the venue and not the configuration tells them.
    :param path: what the venue's prices walked along inside the bars, by instrument.
    :param funding: recorded rates by instrument.
    :param books: what strategies that need the order book get; ``None`` where nobody does.
    :param holes: what a hole means for the bars after it, in pipeline and backtest.
    :param given: what of this was read from the running system and not from the configuration, in words.
    """

    plans: Sequence[StrategyConfig]
    bars: Bars
    start: datetime
    end: datetime
    capital: float
    steps: Mapping[InstrumentId, Steps] = field(default_factory=dict)
    fees: Mapping[InstrumentId, Mapping[str, float]] = field(default_factory=dict)
    path: Mapping[InstrumentId, pd.DataFrame] = field(default_factory=dict)
    funding: Mapping[InstrumentId, Funding] = field(default_factory=dict)
    books: BookEvidence | None = None
    holes: HolePolicy = HolePolicy.COMPUTE_OVER
    given: tuple[str, ...] = ()

    @property
    def window(self) -> Window:
        """The bars that are compared: those that close after the start and open before the end."""
        # By the close: a wave is a closing instant, whatever the length of its bars.
        return Window(self.start, self.end, by_close=True)

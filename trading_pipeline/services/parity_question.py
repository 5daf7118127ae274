"""What is held against the backtest engine: a strategy, its bars, and the terms it traded under."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pandas as pd

from trading_pipeline.domain.model.instruments import Instrument
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.risk.limits import RiskLimits
from trading_pipeline.domain.strategies.plan import StrategyPlan
from trading_pipeline.services.book_evidence import BookEvidence


@dataclass(frozen=True, slots=True)
class ParityQuestion:
    """Which strategy, on which bars, under which limits.

    :param bars: by symbol, from before the window to its end.
    :param fine_bars: what the venue's prices walked along inside the bars, by symbol.
    :param higher: bars of higher timeframes by symbol; those the strategy does not ask for are left alone.
    :param books: what strategies that need the order book get; ``None`` where nobody does.
    :param start: closing instants after it are compared, up to ``end``.
    """

    plan: StrategyPlan
    timeframe: Timeframe
    bars: Mapping[str, pd.DataFrame]
    start: datetime
    end: datetime
    limits: RiskLimits
    instruments: Mapping[str, Instrument]
    fine_bars: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    higher: Mapping[Timeframe, Mapping[str, pd.DataFrame]] = field(default_factory=dict)
    books: BookEvidence | None = None

    @property
    def symbols(self) -> list[str]:
        """Symbols that the strategy looks at, sorted as the gate and the engine take them."""
        return sorted(symbol for symbol in self.bars if self.plan.covers(symbol, self.timeframe))

"""What strategies that need the order book get besides bars: the book at each close, and what it has taught."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from math import nan

import pandas as pd

from trading_pipeline.domain.model.books import BOOK_COLUMNS, BookSample
from trading_pipeline.domain.model.timeframes import day_of
from trading_pipeline.domain.strategies.framework.plan import StrategyConfig
from trading_pipeline.ports.stores.market_data.book_store import BookSampleStore
from trading_pipeline.ports.stores.research.calibration_store import CalibrationStore
from trading_pipeline.services.strategy.windows import DayWindow


@dataclass(frozen=True, slots=True)
class BookEvidence:
    """Where it comes from."""

    samples: BookSampleStore
    calibrations: CalibrationStore

    def given(self, plan: StrategyConfig, window: DayWindow) -> tuple[StrategyConfig, DayWindow]:
        """The strategy and the window as it decides on them; those that need no book stay as they are.

        A day is decided with the calibration that was the newest when the day began, so that a rerun
        decides like the wave did and no bar knows a calibration made after it.
        """
        if not plan.strategy.needs_book:
            return plan, window
        closes = window.bars["close_time"]
        samples = self.samples.samples(window.instrument_id, closes.iloc[0], closes.iloc[-1])
        return self._calibrated(plan, window), replace(window, bars=with_book(window.bars, samples))

    def by_day(self, plan: StrategyConfig, window: DayWindow) -> Iterator[tuple[StrategyConfig, DayWindow]]:
        """A window of many days as the strategy decides on it: day by day where the book is needed, else whole."""
        days = window.bars["open_time"].dt.floor("D") if plan.strategy.needs_book else None
        for day in [] if days is None else days[window.kept].unique():
            yield self.given(plan, replace(window, kept=window.kept & (days == day)))
        if days is None:
            yield plan, window

    def _calibrated(self, plan: StrategyConfig, window: DayWindow) -> StrategyConfig:
        # The calibration that was the newest when the day began: none may know bars that came after it.
        day = day_of(window.bars.loc[window.kept, "open_time"].iloc[0].to_pydatetime())
        newest = self.calibrations.newest(day)
        return plan if newest is None else replace(plan, strategy=plan.strategy.calibrated(newest.hours))


def with_book(bars: pd.DataFrame, samples: Iterable[BookSample]) -> pd.DataFrame:
    """Bars with ``BOOK_COLUMNS`` as of exactly their close; NaN, which confirms nothing, where no sample is.

    :param samples: of the instrument of ``bars``.
    """
    readings = {sample.close_time: sample.reading for sample in samples}
    # Exactly the close: a sample of another close is no evidence about this one.
    told = [readings.get(close.to_pydatetime()) for close in bars["close_time"]]
    columns = {name: [nan if one is None else float(getattr(one, name)) for one in told] for name in BOOK_COLUMNS}
    return bars.assign(**columns)

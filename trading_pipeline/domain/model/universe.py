"""What is collected and computed: the venue, its instruments, the timeframes, and since when."""

from dataclasses import dataclass, field
from datetime import datetime

from trading_pipeline.domain.model.holes import HoleRules
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.market_feeds import MarketFeeds
from trading_pipeline.domain.model.quality import QualityRules
from trading_pipeline.domain.model.timeframes import Timeframe


@dataclass(frozen=True, slots=True)
class Universe:
    """The grid of all market data.

    :param history_start: UTC; the first day partition, and no bar that opens before it is ever read.
        A replay of recorded bars sets it to the start of the recording.
    :param instrument_ids: in the order of the file, which is the order of the instrument partitions.
    :param timeframes: shortest first.
    :param holes: what becomes of bars that nobody can have.
    :param quality: when something is noticed about bars.
    :param feeds: what is collected beside bars.
    """

    venue: str
    history_start: datetime
    instrument_ids: tuple[InstrumentId, ...]
    timeframes: tuple[Timeframe, ...]
    holes: HoleRules = field(default_factory=HoleRules)
    quality: QualityRules = field(default_factory=QualityRules)
    feeds: MarketFeeds = field(default_factory=MarketFeeds)

    @property
    def finest(self) -> Timeframe:
        """The shortest timeframe."""
        return min(self.timeframes, key=lambda timeframe: timeframe.ms)

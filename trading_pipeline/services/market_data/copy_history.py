"""Long ranges of which nobody has told a bar: their pages are fetched side by side and copied as they are."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from trading_pipeline.domain.model.bars import BarSource
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe, from_ms
from trading_pipeline.ports.stores.market_data.bulk_bar_store import BulkBarStore
from trading_pipeline.ports.venue.market_data import MarketData
from trading_pipeline.services.market_data.fetch_pages import Window, fetched_pages, windows_of

PAGE_BARS = 1_000
"""What a page holds, and what has to be missing in a row for it to be history."""


def copied_history(
    store: BulkBarStore,
    market_data: MarketData,
    instrument_id: InstrumentId,
    timeframe: Timeframe,
    ranges: Sequence[Window],
) -> Iterator[set[datetime]]:
    """Open times (UTC) of the bars of some pages, each time that they are kept; they are consolidated then.

    :raises TradingError: the venue failed for good, or sent what is no bar; pages before are kept.
    """
    # Range by range: pages are kept several at once, and between two ranges somebody has told bars.
    for window in ranges:
        pages = windows_of(*window, PAGE_BARS * timeframe.duration)
        for fetched in fetched_pages(market_data, instrument_id, timeframe, pages):
            store.append(fetched.bars, BarSource.REST)
            yield {from_ms(opens) for opens in fetched.bars.open_ms.tolist()}

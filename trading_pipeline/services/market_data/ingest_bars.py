"""A closed bar arrives: keep it, then tell everybody."""

from collections.abc import Sequence

from trading_pipeline.domain.model.bars import Bar, BarSource
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.events import BarClosed
from trading_pipeline.ports.stores.market_data.raw_bar_store import RawBarStore
from trading_pipeline.ports.streams import EventStream


def ingest_bars(
    store: RawBarStore, stream: EventStream, bars: Sequence[Bar], source: BarSource, *, live: bool = False
) -> list[Bar]:
    """Store bars and, when they are live, announce those that this source had not told before.

    The database commits before the stream hears of anything, so a lost message loses only time.

    :param live: the bars closed just now although they come by REST, as after a lost connection.
    :returns: the bars that were new.
    :raises DataError: a bar opens at no multiple of its timeframe; nothing is stored.
    """
    for bar in bars:
        # Bars open where others close; anything else has been cut from another grid.
        if not bar.timeframe.closes_at(bar.open_time):
            raise DataError(f"{bar.instrument_id} {bar.timeframe}: no bar opens at {bar.open_time.isoformat()}")
    new = store.append_raw(bars, source, live=live)
    # History that is fetched opens no wave: its plans would have expired long ago.
    if new and (live or source is BarSource.WEBSOCKET):
        stream.publish([BarClosed(bar.instrument_id, bar.timeframe, bar.close_time) for bar in new])
    return new

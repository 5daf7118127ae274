"""A closed bar arrives: keep it, then tell everybody; one that is told otherwise later is kept and told to nobody."""

from collections.abc import Sequence
from dataclasses import dataclass

from trading_pipeline.domain.model.bar_history import Revision
from trading_pipeline.domain.model.bars import Bar, BarSource
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.events import BarClosed
from trading_pipeline.ports.stores.market_data.raw_bar_store import RawBarStore
from trading_pipeline.ports.streams import EventStream


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of some bars.

    :param new: those that nobody had told before.
    :param revised: those that it had told otherwise.
    """

    new: list[Bar]
    revised: list[Revision]


def ingest_bars(
    store: RawBarStore, stream: EventStream, bars: Sequence[Bar], source: BarSource, *, live: bool = False
) -> Ingested:
    """Store bars and, when they are live, announce those that no source had told before.

    The database commits before the stream hears of anything, so a lost message loses only time.

    :param live: the bars closed just now although they come by REST, as after a lost connection.
    :raises DataError: a bar opens at no multiple of its timeframe; nothing is stored.
    """
    for bar in bars:
        # Bars open where others close; anything else has been cut from another grid.
        if not bar.timeframe.closes_at(bar.open_time):
            raise DataError(f"{bar.instrument_id} {bar.timeframe}: no bar opens at {bar.open_time.isoformat()}")
    new = store.append_raw(bars, source, live=live)
    unheard = set(new)
    # Of bars that came again the newest word counts; their wave is not opened for it, so nothing is traded twice.
    revised = store.revise([bar for bar in bars if bar not in unheard], source)
    # History that is fetched opens no wave: its plans would have expired long ago.
    if new and (live or source is BarSource.WEBSOCKET):
        stream.publish([BarClosed(bar.instrument_id, bar.timeframe, bar.close_time) for bar in new])
    return Ingested(new, revised)

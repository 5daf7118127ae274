"""Keep what was noticed about market data, and tell whoever listens."""

from collections.abc import Iterable

from trading_pipeline.domain.model.events import QualityNoted
from trading_pipeline.domain.model.quality import QualityEvent
from trading_pipeline.ports.stores.market_data.quality_store import QualityStore
from trading_pipeline.ports.streams import EventStream


def record_quality(
    store: QualityStore, stream: EventStream | None, events: Iterable[QualityEvent]
) -> list[QualityEvent]:
    """Store events and tell those that nobody had noticed before, once the database has them.

    :param stream: ``None`` where history is looked at, which wakes nobody.
    :returns: the new ones.
    """
    new = store.record(list(events))
    if stream is not None and new:
        stream.publish([QualityNoted(event) for event in new])
    return new

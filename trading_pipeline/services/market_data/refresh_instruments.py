"""Keep what the venue lists, and notice what has changed of the instruments that are collected."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.instruments import Instrument, InstrumentStatus
from trading_pipeline.domain.model.quality import QualityEvent, QualityKind, Severity
from trading_pipeline.ports.stores.market_data.instrument_store import InstrumentStore
from trading_pipeline.ports.venue.market_data import MarketData

_STANDING = frozenset({"status", "delists_at"})
"""Fields whose change ends or begins trading."""


def refresh_instruments(
    market: MarketData, store: InstrumentStore, instrument_ids: Sequence[InstrumentId]
) -> list[QualityEvent]:
    """Read the venue's list and store it; one that is listed no more is kept as closed.

    :param instrument_ids: those whose changes are worth an event.
    :returns: one event for each of them that has changed since it was read last.
    :raises TemporaryVenueError: the venue does not answer; what was read last stays.
    """
    now, told, known = market.server_time(), market.instruments(), store.instruments()
    # Kept as closed and not removed: bars and trades go on naming it.
    gone = {
        instrument_id: replace(instrument, status=InstrumentStatus.CLOSED)
        for instrument_id, instrument in known.items()
        if instrument_id not in told
    }
    listed = {**gone, **told}
    store.write(listed.values(), now)
    changes = {
        instrument_id: changed_fields(known[instrument_id], listed[instrument_id])
        for instrument_id in instrument_ids
        # A first reading is no change: it would be an event for everything there is.
        if instrument_id in known and instrument_id in listed
    }
    return [_event(instrument_id, changed, now) for instrument_id, changed in changes.items() if changed]


def untradable(store: InstrumentStore, instrument_ids: Sequence[InstrumentId]) -> dict[InstrumentId, str]:
    """Of these, the ones that cannot be entered, or not for long, with the reason."""
    known = store.instruments()
    found = {}
    for instrument_id in instrument_ids:
        instrument = known.get(instrument_id)
        reason = "it was never listed" if instrument is None else instrument.no_entry
        if reason:
            found[instrument_id] = reason
    return found


def changed_fields(before: Instrument, after: Instrument) -> dict[str, list[str]]:
    """Old and new value of each field that differs, as text."""
    names = [one.name for one in fields(Instrument)]
    pairs = {name: (getattr(before, name), getattr(after, name)) for name in names}
    return {name: [_text(old), _text(new)] for name, (old, new) in pairs.items() if old != new}


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _event(instrument_id: InstrumentId, changed: Mapping[str, list[str]], now: datetime) -> QualityEvent:
    severity = Severity.IMPORTANT if _STANDING & changed.keys() else Severity.INFO
    return QualityEvent(QualityKind.INSTRUMENT_CHANGED, severity, now, instrument_id, detail={"changed": dict(changed)})

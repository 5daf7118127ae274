"""Whether what the feed writes between bars still comes."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.ports.stores.market_data.condition_retention import ConditionRetention


def stopped(
    ages: ConditionRetention, kind: str, instrument_ids: Sequence[InstrumentId], now: datetime, max_age: timedelta
) -> Mapping[InstrumentId, str]:
    """By instrument, since when no row of the kind came; those that have a recent one are left out.

    :param now: venue time, UTC.
    """
    newest = ages.newest(kind, instrument_ids)
    found = {}
    for instrument_id in instrument_ids:
        at = newest.get(instrument_id)
        if at is None:
            found[instrument_id] = "none was ever stored"
        elif now - at > max_age:
            found[instrument_id] = f"none since {at:%Y-%m-%d %H:%M:%S} UTC"
    return found

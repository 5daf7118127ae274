"""Setups, triggers and pivots, written in the transaction of their signals."""

import json
from collections.abc import Sequence

from sqlalchemy import Connection

from trading_pipeline.adapters.stores.postgres.bulk_copy import merge
from trading_pipeline.adapters.stores.postgres.research_tables import pivots, setups, triggers
from trading_pipeline.domain.model.setups import Setup

_SETUPS = (
    *("setup_id", "signal_id", "idempotency_key", "instrument_id", "timeframe", "close_time", "bias"),
    *("setup_type", "payload"),
)
_TRIGGERS = ("trigger_id", "setup_id", "signal_id", "idempotency_key", "bias", "hits", "min_confirmations")
_PIVOTS = (
    *("pivot_id", "setup_id", "signal_id", "segment_no", "pivot_time", "pivot_price", "pivot_type"),
    "histogram",
)


def save_setups(connection: Connection, setups_found: Sequence[Setup], unless: str) -> int:
    """Insert or update by id; deleting a signal deletes its setup.

    :param unless: condition on the stored row's signal under which it stays as it is.
    :returns: rows written.
    """
    if not setups_found:
        return 0
    written = merge(connection, setups, _SETUPS, map(_setup, setups_found), unless=unless)
    written += merge(connection, triggers, _TRIGGERS, map(_trigger, setups_found), unless=unless)
    rows = [row for setup in setups_found for row in _pivots(setup)]
    return written + merge(connection, pivots, _PIVOTS, rows, unless=unless)


def _setup(setup: Setup) -> tuple[str, ...]:
    return (
        setup.setup_id,
        setup.signal_id,
        setup.key,
        setup.instrument_id,
        setup.timeframe.value,
        setup.close_time.isoformat(),
        setup.bias.value,
        setup.setup_type,
        json.dumps(setup.evidence, sort_keys=True, allow_nan=False),
    )


def _trigger(setup: Setup) -> tuple[str, ...]:
    hits = json.dumps(setup.hits)
    return (
        setup.trigger_id,
        setup.setup_id,
        setup.signal_id,
        setup.key,
        setup.bias.value,
        hits,
        str(setup.min_confirmations),
    )


def _pivots(setup: Setup) -> list[tuple[str, ...]]:
    return [
        (
            pivot.pivot_id,
            setup.setup_id,
            setup.signal_id,
            str(pivot.segment),
            pivot.time.isoformat(),
            str(pivot.price),
            pivot.kind,
            repr(pivot.histogram),
        )
        for pivot in setup.pivots
    ]

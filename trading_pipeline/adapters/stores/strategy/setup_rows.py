"""Setups, triggers and pivots, written in the transaction of their signals."""

import json
from collections.abc import Sequence
from typing import LiteralString

from sqlalchemy import Connection, Table

from trading_pipeline.adapters.stores.postgres.bulk_copy import merge
from trading_pipeline.adapters.stores.postgres.research_tables import pivots, setups, triggers
from trading_pipeline.domain.model.setups import Setup

_SETUPS = (
    *("setup_id", "signal_id", "idempotency_key", "instrument_id", "timeframe", "close_time", "bias"),
    *("setup_type", "payload", "run_id"),
)
_TRIGGERS = ("trigger_id", "setup_id", "signal_id", "idempotency_key", "bias", "hits", "min_confirmations", "run_id")
_PIVOTS = (
    *("pivot_id", "setup_id", "signal_id", "segment_no", "pivot_time", "pivot_price", "pivot_type"),
    *("histogram", "run_id"),
)


def save_setups(connection: Connection, setups_found: Sequence[Setup], unless: LiteralString, run_id: str) -> int:
    """Insert or update by id; deleting a signal deletes its setup.

    :param unless: condition on the stored row's signal under which it stays as it is.
    :param run_id: the run that writes.
    :returns: rows written.
    """
    if not setups_found:
        return 0
    pivot_rows = [row for setup in setups_found for row in _pivots(setup)]
    tables: tuple[tuple[Table, Sequence[str], Sequence[tuple[str, ...]]], ...] = (
        # In the order in which they refer to each other.
        (setups, _SETUPS, [_setup(one) for one in setups_found]),
        (triggers, _TRIGGERS, [_trigger(one) for one in setups_found]),
        (pivots, _PIVOTS, pivot_rows),
    )
    return sum(
        merge(connection, table, columns, [(*row, run_id) for row in rows], unless=unless, ignoring=("run_id",))
        for table, columns, rows in tables
    )


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
            # The shortest text that is this very float, so that the same pivot is the same row.
            repr(pivot.histogram),
        )
        for pivot in setup.pivots
    ]

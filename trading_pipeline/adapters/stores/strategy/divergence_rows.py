"""Setups, triggers and pivots, written in the transaction of their signals."""

import json
from collections.abc import Sequence

from sqlalchemy import Connection

from trading_pipeline.adapters.stores.postgres.bulk_copy import merge, quoted
from trading_pipeline.adapters.stores.postgres.research_tables import pivots, setups, triggers
from trading_pipeline.domain.strategies.divergence.parts import DivergenceParts

_SETUPS = (
    *("setup_id", "signal_id", "idempotency_key", "symbol", "timeframe", "close_time", "bias"),
    *("setup_type", "payload"),
)
_TRIGGERS = ("trigger_id", "setup_id", "signal_id", "idempotency_key", "bias", "hits", "min_confirmations")
_PIVOTS = (
    *("pivot_id", "setup_id", "signal_id", "segment_no", "pivot_time", "pivot_price", "pivot_type"),
    "histogram",
)


def save_parts(connection: Connection, parts: Sequence[DivergenceParts], unless: str) -> int:
    """Insert or update by id; deleting a signal deletes its parts.

    :param unless: condition on the stored row's signal under which it stays as it is.
    :returns: rows written.
    """
    if not parts:
        return 0
    written = merge(connection, setups, _SETUPS, map(_setup, parts), unless=unless)
    written += merge(connection, triggers, _TRIGGERS, map(_trigger, parts), unless=unless)
    rows = [row for part in parts for row in _pivots(part)]
    return written + merge(connection, pivots, _PIVOTS, rows, unless=unless)


def _setup(part: DivergenceParts) -> tuple[str, ...]:
    return (
        part.setup_id,
        part.signal_id,
        part.key,
        part.symbol,
        part.timeframe.value,
        part.close_time.isoformat(),
        part.bias.value,
        part.setup_type,
        quoted(json.dumps(part.evidence, sort_keys=True, allow_nan=False)),
    )


def _trigger(part: DivergenceParts) -> tuple[str, ...]:
    hits = quoted(json.dumps(part.hits))
    return (
        part.trigger_id,
        part.setup_id,
        part.signal_id,
        part.key,
        part.bias.value,
        hits,
        str(part.min_confirmations),
    )


def _pivots(part: DivergenceParts) -> list[tuple[str, ...]]:
    return [
        (
            pivot.pivot_id,
            part.setup_id,
            part.signal_id,
            str(pivot.segment),
            pivot.time.isoformat(),
            str(pivot.price),
            pivot.kind,
            repr(pivot.histogram),
        )
        for pivot in part.pivots
    ]

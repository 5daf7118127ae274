"""Signals in PostgreSQL."""

import json
from collections.abc import Sequence
from datetime import datetime

from psycopg.sql import SQL
from sqlalchemy import Engine, Row

from trading_pipeline.adapters.stores.postgres.bulk_copy import merge
from trading_pipeline.adapters.stores.postgres.database import reading, repeatable
from trading_pipeline.adapters.stores.postgres.tables import signals as signals_table
from trading_pipeline.adapters.stores.strategy.setup_rows import save_setups
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.setups import Setup
from trading_pipeline.domain.model.signals import Bias, Signal, SignalKind
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.stores.strategy.signal_store import SignalStore

_COLUMNS = (
    "signal_id",
    "strategy",
    "strategy_version",
    "instrument_id",
    "timeframe",
    "close_time",
    "kind",
    "bias",
    "entry_price",
    "stop_price",
    "score",
    "details",
    "run_id",
)
# A signal that led to a plan or an order is evidence, even where new data would not give it any more.
_ACTED_UPON = (
    "(EXISTS (SELECT FROM trading.trade_plans AS plan"
    " WHERE plan.signal_id = stored.signal_id AND plan.status <> 'historical')"
    " OR EXISTS (SELECT FROM trading.order_intents AS intent WHERE intent.signal_id = stored.signal_id))"
)
# On the grid of the timeframe, bars that open in [start, end) close in (start, end].
_IN_RANGE = SQL(
    "stored.instrument_id = ANY(%(instrument_ids)s) AND stored.timeframe = %(timeframe)s"
    " AND stored.close_time > %(start)s AND stored.close_time <= %(end)s"
)
# The merge has left what was found in a temporary table, which SQLAlchemy does not know.
_VANISHED = SQL(
    "{in_range} AND NOT {acted_upon}"
    " AND NOT EXISTS (SELECT FROM staged_signals AS fresh WHERE fresh.signal_id = stored.signal_id)"
).format(in_range=_IN_RANGE, acted_upon=SQL(_ACTED_UPON))
_REMOVE_PLANS = (
    SQL(
        "DELETE FROM trading.trade_plans WHERE status = 'historical'"
        " AND signal_id IN (SELECT signal_id FROM trading.signals AS stored WHERE {})"
    )
    .format(_VANISHED)
    .as_string()
)
_REMOVE = SQL("DELETE FROM trading.signals AS stored WHERE {}").format(_VANISHED).as_string()
_ENLIVEN = SQL("UPDATE trading.signals AS stored SET live = true WHERE {} AND NOT live").format(_IN_RANGE).as_string()
_READ = (
    SQL("SELECT * FROM trading.signals AS stored WHERE {} AND kind = %(kind)s ORDER BY close_time, signal_id")
    .format(_IN_RANGE)
    .as_string()
)


class PostgresSignalStore(SignalStore):
    """One transaction per call."""

    def __init__(self, engine: Engine, run_id: str = "") -> None:
        """Write in the name of a run; empty for a process that is none."""
        self._engine = engine
        self._run_id = run_id

    def replace(
        self,
        signals: Sequence[Signal],
        instrument_ids: Sequence[InstrumentId],
        timeframe: Timeframe,
        start: datetime,
        end: datetime,
        setups: Sequence[Setup] = (),
        *,
        live: bool = False,
    ) -> int:
        """Merge by signal id, delete what the range no longer has, in one transaction with the setups."""
        scope = {"instrument_ids": list(instrument_ids), "timeframe": timeframe.value, "start": start, "end": end}
        with repeatable(self._engine) as connection:
            rows = [(*_row(signal), self._run_id) for signal in signals]
            written = merge(connection, signals_table, _COLUMNS, rows, unless=_ACTED_UPON, ignoring=("run_id",))
            written += save_setups(connection, setups, _ACTED_UPON, self._run_id)
            # Plans before the signals that they refer to; what was acted upon is in neither statement.
            connection.exec_driver_sql(_REMOVE_PLANS, scope)
            written += connection.exec_driver_sql(_REMOVE, scope).rowcount
            # Only ever switched on: a backfill that computes the same day later must not take a wave's word back.
            if live:
                connection.exec_driver_sql(_ENLIVEN, scope)
            return written

    def signals(
        self,
        instrument_ids: Sequence[InstrumentId],
        timeframe: Timeframe,
        start: datetime,
        end: datetime,
        kind: SignalKind = SignalKind.ENTRY,
    ) -> list[Signal]:
        """Read by instrument, close and strategy, oldest first."""
        scope = {
            "instrument_ids": list(instrument_ids),
            "timeframe": timeframe.value,
            "start": start,
            "end": end,
            "kind": kind.value,
        }
        with reading(self._engine) as connection:
            return [signal_of(row) for row in connection.exec_driver_sql(_READ, scope)]


def signal_of(row: Row[tuple[object, ...]]) -> Signal:
    """The signal in a row of ``signals``."""
    return Signal(
        signal_id=row.signal_id,
        strategy=row.strategy,
        strategy_version=row.strategy_version,
        instrument_id=InstrumentId(row.instrument_id),
        timeframe=Timeframe(row.timeframe),
        close_time=row.close_time,
        bias=Bias(row.bias),
        entry_price=row.entry_price,
        stop_price=row.stop_price,
        score=row.score,
        details=row.details,
        kind=SignalKind(row.kind),
    )


def _row(signal: Signal) -> tuple[str | None, ...]:
    return (
        signal.signal_id,
        signal.strategy,
        signal.strategy_version,
        signal.instrument_id,
        signal.timeframe.value,
        signal.close_time.isoformat(),
        signal.kind.value,
        signal.bias.value,
        str(signal.entry_price),
        None if signal.stop_price is None else str(signal.stop_price),
        str(signal.score),
        json.dumps(signal.details, sort_keys=True, allow_nan=False),
    )

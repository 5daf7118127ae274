"""Writing trade plans to PostgreSQL."""

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine

from trading_pipeline.adapters.stores.postgres.bulk_copy import merge
from trading_pipeline.adapters.stores.postgres.tables import trade_plans
from trading_pipeline.adapters.stores.strategy.plan_rows import plan_values
from trading_pipeline.domain.model.plans import PlanStatus, PlansWritten, TradePlan
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.stores.strategy.plan_store import PlanStore

_EXECUTABLE = (
    "SELECT count(*) FROM trading.trade_plans"
    " WHERE status = 'new' AND timeframe = %(timeframe)s AND close_time = %(close_time)s"
)

_KNOWN = "SELECT plan_id, signal_id FROM trading.trade_plans WHERE signal_id = ANY(%(signal_ids)s)"

Row = dict[str, object]


class PostgresPlanStore(PlanStore):
    """One transaction per call."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def save(
        self, plans: Sequence[TradePlan], timeframe: Timeframe, executable_close: datetime | None, run_id: str
    ) -> PlansWritten:
        """Merge by plan id under the rule that states are left alone."""
        rows = [_row(plan, executable_close, run_id) for plan in plans]
        with self._engine.begin() as connection:
            rows = _without_older_ids(connection, rows)
            changed = _merge(connection, rows) if rows else 0
            wave = {"timeframe": timeframe.value, "close_time": executable_close}
            # Counted in the table: a rerun changes nothing, and its plans wait for execution all the same.
            executable = connection.exec_driver_sql(_EXECUTABLE, wave).scalar_one() if executable_close else 0
        return PlansWritten(changed, executable)


def _without_older_ids(connection: Connection, rows: Sequence[Row]) -> list[Row]:
    """The plans whose signal has no plan of another id: one that went its way before ids had venues keeps its own."""
    signal_ids = {"signal_ids": [row["signal_id"] for row in rows]}
    known = {signal_id: plan_id for plan_id, signal_id in connection.exec_driver_sql(_KNOWN, signal_ids)}
    return [row for row in rows if known.get(row["signal_id"], row["plan_id"]) == row["plan_id"]]


def _merge(connection: Connection, rows: Sequence[Row]) -> int:
    """Write what is new or differs; a plan that went its way stays as it is."""
    texts = ([_text(value) for value in row.values()] for row in rows)
    columns = list(rows[0])
    # Only a historical plan may still change: one that was ever new may have led to an order.
    return merge(connection, trade_plans, columns, texts, unless="stored.status <> 'historical'", ignoring=("run_id",))


def _row(plan: TradePlan, executable_close: datetime | None, run_id: str) -> Row:
    status = PlanStatus.NEW if plan.close_time == executable_close else PlanStatus.HISTORICAL
    return {**plan_values(plan), "status": status.value, "run_id": run_id}


def _text(value: object) -> str | None:
    """A value in PostgreSQL's own spelling."""
    if value is None:
        return None
    if isinstance(value, dict | list):
        return json.dumps(value)
    return value.isoformat() if isinstance(value, datetime) else str(value)

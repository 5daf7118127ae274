"""Which runs the ledger's rows lead to, in PostgreSQL."""

from collections.abc import Collection

from sqlalchemy import Engine, select, union

from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.adapters.stores.postgres.tables import (
    fills,
    halts,
    operator_commands,
    order_intents,
    positions,
    reconciliation_log,
    risk_events,
    trade_plans,
)
from trading_pipeline.ports.stores.execution.ledger_runs import LedgerRuns

_NAMED_BY = (
    trade_plans.c.claimed_by,
    order_intents.c.run_id,
    fills.c.run_id,
    positions.c.run_id,
    halts.c.run_id,
    reconciliation_log.c.run_id,
    reconciliation_log.c.gone_run_id,
    risk_events.c.run_id,
    operator_commands.c.run_id,
)
"""Readings of equity are left out: every reconciliation makes one."""


class PostgresLedgerRuns(LedgerRuns):
    """One query over the columns that name a run."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def writers(self, run_ids: Collection[str]) -> set[str]:
        """Whatever the rows have become since."""
        # Asked with the ids of the runs that are about to go, not for all that are named: the ledger grows for ever.
        query = union(*(select(column).where(column.in_(run_ids)) for column in _NAMED_BY))
        with reading(self._engine) as connection:
            return set(connection.execute(query).scalars())

"""How entries fared at the venue, out of ``order_intents``."""

from datetime import timedelta
from decimal import Decimal

from sqlalchemy import Engine, case, func, select

from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.adapters.stores.postgres.tables import order_intents
from trading_pipeline.domain.model.identity import AccountId
from trading_pipeline.domain.model.orders import IntentState, Purpose
from trading_pipeline.domain.risk.held import EntryHealth
from trading_pipeline.ports.stores.execution.risk_store import EntryHealthReader

_FAILED = [state.value for state in (IntentState.REJECTED, IntentState.UNKNOWN, IntentState.ABSENT)]


class PostgresEntryHealthReader(EntryHealthReader):
    """By the server's clock, which stamped the requests."""

    def __init__(self, engine: Engine, account_id: AccountId) -> None:
        self._engine = engine
        self._account_id = account_id

    def of_entries(self, within: timedelta) -> EntryHealth:
        """Entries of the account that were sent within the window (wall time)."""
        table = order_intents.c
        seconds = func.avg(func.extract("epoch", table.acknowledged_at - table.sent_at))
        query = select(
            func.count().label("sent"),
            func.count(case((table.state.in_(_FAILED), 1))).label("failed"),
            func.coalesce(seconds * 1000, Decimal(0)).label("latency_ms"),
        ).where(
            table.account_id == self._account_id,
            table.purpose == Purpose.ENTRY.value,
            table.sent_at > func.clock_timestamp() - within,
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).one()
        return EntryHealth(row.sent, row.failed, Decimal(row.latency_ms))

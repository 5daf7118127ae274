"""How entries fared at the venue, out of ``order_intents``."""

from datetime import timedelta
from decimal import Decimal

from sqlalchemy import Engine, case, func, select, text

from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.adapters.stores.postgres.tables import order_intents
from trading_pipeline.domain.model.identity import AccountId
from trading_pipeline.domain.model.orders import IntentState, Purpose
from trading_pipeline.domain.risk.held import EntryHealth, ProcessingLag
from trading_pipeline.ports.stores.execution.risk_store import EntryHealthReader

# What is not finished goes on lagging beyond the window, so it is looked for a day back. An entry's later orders wait
# by design and are left out; so is one that was refused, which will never be acknowledged.
_LAG = text("""
SELECT
  (SELECT coalesce(max(extract(epoch FROM coalesce(computed_at, clock_timestamp()) - first_bar_at)), 0)
     FROM trading.waves
    WHERE given_up_at IS NULL
      AND first_bar_at > clock_timestamp() - CASE WHEN computed_at IS NULL THEN interval '1 day' ELSE :within END
  ) AS plan_s,
  (SELECT coalesce(max(extract(epoch FROM coalesce(entry.acknowledged_at, clock_timestamp()) - wave.first_bar_at)), 0)
     FROM trading.order_intents entry
     JOIN trading.trade_plans plan USING (plan_id)
     JOIN trading.waves wave ON wave.close_time = plan.close_time AND wave.timeframe = plan.timeframe
    WHERE entry.account_id = :account_id AND entry.purpose = 'E' AND entry.attempt = 0
      AND entry.intended_at > clock_timestamp() - :within
      AND (entry.acknowledged_at IS NOT NULL OR entry.state IN ('intended', 'sent', 'unknown'))
  ) AS order_s
""")
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

    def lag(self, within: timedelta) -> ProcessingLag:
        """Both ends of each span were stamped by the server; a wave that was given up is told of elsewhere."""
        with reading(self._engine) as connection:
            row = connection.execute(_LAG, {"account_id": self._account_id, "within": within}).one()
        return ProcessingLag(Decimal(row.plan_s), Decimal(row.order_s))

"""The ledger in PostgreSQL."""

from sqlalchemy import Engine

from trading_pipeline.adapters.stores.execution.ledger_orders import OrderLedgerStore
from trading_pipeline.adapters.stores.execution.ledger_plans import PlanQueueStore
from trading_pipeline.adapters.stores.execution.ledger_positions import PositionBookStore
from trading_pipeline.domain.model.identity import AccountId
from trading_pipeline.ports.stores.execution.ledger import Ledger


class PostgresLedger(PlanQueueStore, OrderLedgerStore, PositionBookStore, Ledger):
    """Plans of all, orders and positions of one account.

    :param engine: on a database with the newest schema.
    """

    def __init__(self, engine: Engine, account_id: AccountId, run_id: str = "") -> None:
        """Write in the name of a run; empty for a process that is none."""
        PlanQueueStore.__init__(self, engine)
        OrderLedgerStore.__init__(self, engine, account_id, run_id)
        PositionBookStore.__init__(self, engine, account_id)

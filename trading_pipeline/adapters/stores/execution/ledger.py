"""The ledger in PostgreSQL."""

from trading_pipeline.adapters.stores.execution.ledger_orders import OrderLedgerStore
from trading_pipeline.adapters.stores.execution.ledger_plans import PlanQueueStore
from trading_pipeline.adapters.stores.execution.ledger_positions import PositionBookStore
from trading_pipeline.ports.stores.execution.ledger import Ledger


class PostgresLedger(PlanQueueStore, OrderLedgerStore, PositionBookStore, Ledger):
    """Plans, orders and positions of one account; one database serves one account.

    :param engine: on a database with the newest schema.
    """

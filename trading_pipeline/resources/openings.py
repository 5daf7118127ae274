"""What is stored of a signal or an order, asked before a run is launched for it."""

from sqlalchemy import Engine

from trading_pipeline.adapters.parameters.strategies import load_strategies
from trading_pipeline.adapters.stores.execution.ledger_orders import OrderLedgerStore
from trading_pipeline.adapters.stores.execution.ledger_plans import PlanQueueStore
from trading_pipeline.adapters.stores.execution.ledger_signals import PostgresSignalReader
from trading_pipeline.adapters.stores.execution.risk_store import PostgresHaltRegister
from trading_pipeline.domain.model.errors import ConfigurationError, UnknownName
from trading_pipeline.domain.model.identity import AccountId
from trading_pipeline.domain.model.orders import IntentRecord
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.ports.venue.clock import Clock
from trading_pipeline.services.execution.open_by_operator import OpeningQuestion, plan_to_open
from trading_pipeline.settings import Settings


def opening_now(engine: Engine, settings: Settings, signal_id: str, clock: Clock) -> TradePlan:
    """The plan of a signal that may be opened, as far as the database knows.

    :param clock: venue time.
    :raises UnknownName: no such signal is stored.
    :raises OrderDenied: it is not to be opened.
    """
    return plan_to_open(
        signals=PostgresSignalReader(engine),
        plans=PlanQueueStore(engine),
        halts=PostgresHaltRegister(engine),
        question=OpeningQuestion(signal_id, load_strategies(settings.config_dir), clock),
    )


def order_stored(engine: Engine, order_link_id: str) -> IntentRecord:
    """An order of ours, whichever account's.

    :raises UnknownName: none of that id is stored.
    """
    try:
        # Of no account: a link id is one order's, and nothing is written.
        return OrderLedgerStore(engine, AccountId("")).intent(order_link_id)
    except ConfigurationError as error:
        raise UnknownName(str(error)) from error

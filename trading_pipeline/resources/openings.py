"""Whether a stored signal may be opened, asked before a run is launched for it."""

from datetime import datetime

from sqlalchemy import Engine

from trading_pipeline.adapters.parameters.strategies import load_strategies
from trading_pipeline.adapters.stores.execution.ledger_plans import PlanQueueStore
from trading_pipeline.adapters.stores.execution.ledger_signals import PostgresSignalReader
from trading_pipeline.adapters.stores.execution.risk_store import PostgresHaltRegister
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.services.execution.open_by_operator import OpeningQuestion, plan_to_open
from trading_pipeline.settings import Settings


def opening_now(engine: Engine, settings: Settings, signal_id: str, now: datetime) -> TradePlan:
    """The plan of a signal that may be opened, as far as the database knows.

    :param now: venue time, UTC.
    :raises UnknownName: no such signal is stored.
    :raises OrderDenied: it is not to be opened.
    """
    return plan_to_open(
        signals=PostgresSignalReader(engine),
        plans=PlanQueueStore(engine),
        halts=PostgresHaltRegister(engine),
        question=OpeningQuestion(signal_id, load_strategies(settings.config_dir), now),
    )

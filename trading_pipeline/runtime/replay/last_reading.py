"""The account at the end of a replay."""

from dataclasses import replace

from trading_pipeline.adapters.stores.accounting.equity_store import PostgresEquityLog
from trading_pipeline.adapters.stores.execution.account_register import PostgresAccountRegister
from trading_pipeline.adapters.stores.research.replay_facts import replay_facts
from trading_pipeline.domain.model.identity import TradingMode
from trading_pipeline.runtime.replay.replay_plan import ReplayPlan
from trading_pipeline.runtime.replay.replaying import Replayed
from trading_pipeline.services.accounting.record_equity import record_equity
from trading_pipeline.services.execution.identify_account import identify_account


def with_last_reading(plan: ReplayPlan, done: Replayed) -> Replayed:
    """The account is read once more at the end: a replay without an order would have no reading at all."""
    exchange = done.system.exchange
    if exchange is None:
        return done
    venue, register = exchange.venue(), PostgresAccountRegister(done.engine)
    account_id = identify_account(register=register, venue=venue, mode=TradingMode.SIMULATED)
    record_equity(trading=venue.trading(), equity=PostgresEquityLog(done.engine, account_id))
    # Read anew, as the facts of before lack this reading.
    return replace(done, facts=replay_facts(done.engine, plan.since, plan.end))

"""Inside one 4h bar, services on the simulated exchange: every fill is answered before the price goes on.

Entry 5 at 100, risk 10: the targets are 2 at 110 and 2 at 120 (a short: 90 and 80), one is left to run.
"""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, text

from trading_pipeline.adapters.stores.accounting.equity_store import PostgresEquityLog
from trading_pipeline.adapters.stores.execution.ledger import PostgresLedger
from trading_pipeline.adapters.stores.execution.ledger_signals import PostgresSignalReader
from trading_pipeline.adapters.stores.execution.reconciliation_log import PostgresReconciliationLog
from trading_pipeline.adapters.stores.execution.risk_store import PostgresEntryGate, PostgresHaltRegister
from trading_pipeline.adapters.venues.bybit.client import BybitClient
from trading_pipeline.adapters.venues.bybit.market_data import BybitMarketData
from trading_pipeline.adapters.venues.bybit.trading import BybitTrading
from trading_pipeline.adapters.venues.venue_clock import VenueClock
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.model.timeframes import Timeframe, to_ms
from trading_pipeline.exchange_simulator.assembly import assemble
from trading_pipeline.exchange_simulator.configuration import Configuration
from trading_pipeline.exchange_simulator.execution_profile import ExecutionProfile
from trading_pipeline.exchange_simulator.server import Addresses, running_venue
from trading_pipeline.runtime.replay.lock_step import ExchangeClock
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline.services.execution.follow_fills import follow_fills
from trading_pipeline_tests.exchange_simulator.builders import FLAT, STEP_MS, Ohlc, a_series
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.execution_lab import LIMITS, WAVE, Postbox, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans


def plan_at_100(bias: Bias) -> TradePlan:
    """Stop 10 away, of a strategy on 4h bars."""
    stop = Decimal(90) if bias is Bias.LONG else Decimal(110)
    given = trade_plan(bias=bias)
    return replace(
        given,
        timeframe=Timeframe.H4,
        entry_price=Decimal(100),
        stop_price=stop,
        valid_until=WAVE + timedelta(hours=4),
    )


def context_at(exchange: Addresses, database: Engine) -> ExecutionContext:
    client = BybitClient(exchange.rest_url, exchange.api_key, exchange.api_secret)
    market = BybitMarketData(client)
    return ExecutionContext(
        run_id="run-1",
        account_id=ACCOUNT,
        ledger=PostgresLedger(database, ACCOUNT),
        trading=BybitTrading(client),
        market=market,
        signals=PostgresSignalReader(database),
        halts=PostgresHaltRegister(database),
        differences=PostgresReconciliationLog(database, ACCOUNT),
        notifier=Postbox(),
        clock=VenueClock(market, 0.0),
        limits=LIMITS,
        instruments=market.instruments(),
    )


@pytest.mark.parametrize(
    ("bias", "bars", "runner_stop", "exits", "reason", "gross"),
    [
        # 100, 111, 99: 2 x 10 at the target, 3 x 0 at break-even; at the initial stop they were 3 x -10
        (Bias.LONG, [(100, 111, 99, 99.5)], None, "110 100", "break_even", 20),
        # the mirror image: 100, 89, 101
        (Bias.SHORT, [(100, 101, 89, 100.5)], None, "90 100", "break_even", 20),
        # 100, 121, 95: 2 x 10 + 2 x 20, and the last one at the runner's stop that was remembered
        (Bias.LONG, [(100, 121, 95, 99)], 104, "110 120 104", "trailing_stop", 64),
        # the remembered stop is looser than break-even, which holds: 2 x 10 + 2 x 20 + 0
        (Bias.LONG, [(100, 121, 95, 99)], 97, "110 120 100", "break_even", 60),
        # no target is reached: 5 x -10
        (Bias.LONG, [(100, 109, 89, 99)], 104, "90", "stop_loss", -50),
        # a jump over both targets: 4 x 21 at the open; the runner leaves in the next leg at 104
        (Bias.LONG, [(121, 122, 100, 101)], 104, "121 121 104", "trailing_stop", 88),
        # the target in one bar, break-even two bars later, before any 4h bar has closed
        (Bias.LONG, [(100, 111, 100.5, 105), FLAT, (105, 106, 99, 104)], None, "110 100", "break_even", 20),
    ],
)
def test_a_position_leaves_where_the_fills_have_put_its_stop(
    database: Engine,
    bias: Bias,
    bars: list[Ohlc],
    runner_stop: int | None,
    exits: str,
    reason: str,
    gross: int,
) -> None:
    plan = plan_at_100(bias)
    store_plan(database, plan)
    series = {"BTCUSDT": a_series([FLAT, *bars, FLAT], to_ms(WAVE) - STEP_MS)}
    venue = assemble(
        Configuration(("BTCUSDT",), lock_step=Timeframe.M5, profile=ExecutionProfile.IDEAL), series, WAVE, "test"
    )
    with running_venue(venue) as exchange:
        context, clock = context_at(exchange, database), ExchangeClock(exchange.rest_url)
        execute_plans(
            context=context, gate=PostgresEntryGate(database, ACCOUNT), equity=PostgresEquityLog(database, ACCOUNT)
        )
        if runner_stop is not None:
            context.ledger.set_runner_stop(plan.plan_id, Decimal(runner_stop))
        for _ in bars:
            while clock.advance().event:
                follow_fills(context=context)
    position = context.ledger.position_of(plan.plan_id)
    assert position is not None
    assert (position.exit_reason, position.realised_pnl) == (reason, Decimal(gross))
    query = text("SELECT price FROM trading.fills WHERE order_link_id NOT LIKE '%_E'")
    with database.connect() as connection:
        assert sorted(connection.execute(query).scalars()) == sorted(Decimal(price) for price in exits.split())

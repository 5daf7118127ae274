"""How long the gate takes to decide about one plan, on a ledger that is not new.

An embedded PostgreSQL with 5,000 closed trades, 30 days of minutely equity and the conservative profile's rules on: one
decision is the whole transaction, from the lock to the commit of the intent or the refusal with its events. Pure
judging of all rules is timed apart. Budget: 10 ms.

    python benchmarks/gate_latency.py
"""

import argparse
import shutil
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from sqlalchemy import Engine, create_engine, insert, text

from trading_pipeline.adapters.parameters.risk import load_risk
from trading_pipeline.adapters.stores.postgres.database import connect
from trading_pipeline.adapters.stores.postgres.migration import migrate
from trading_pipeline.adapters.stores.postgres.tables import equity_snapshots
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.risk.entry_size import sizing_inputs
from trading_pipeline.domain.risk.gate import decide_entry
from trading_pipeline.domain.risk.limit_sections import MarketLimits, PortfolioLimits
from trading_pipeline.domain.risk.limits import RiskLimits
from trading_pipeline.runtime.supervision.embedded import EmbeddedPostgres
from trading_pipeline.services.accounting.record_equity import record_equity
from trading_pipeline.services.execution.claim_plans import claim_plans
from trading_pipeline.services.execution.gate_plans import gate_plans
from trading_pipeline_tests.testkit.builders import ACCOUNT, instrument
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.gate_questions import QUESTION

ROOT = Path(__file__).resolve().parents[1]
BUDGET_MS = 10.0
CLOSED = 5_000
MINUTES = 30 * 24 * 60
_HISTORY = """
INSERT INTO trading.signals (signal_id, strategy, strategy_version, instrument_id, timeframe, close_time, kind, bias,
    entry_price, stop_price, score, details)
SELECT 's' || n, 'old', 'v', 'BTCUSDT.BYBIT', '15m', {closed}, 'entry', 'long', 1000, 990, 50, '{{}}' {past};
INSERT INTO trading.trade_plans (plan_id, signal_id, strategy, strategy_version, instrument_id, timeframe, close_time,
    bias, entry_price, stop_price, targets, runner, score, valid_until, status, run_id)
SELECT 'p' || n, 's' || n, 'old', 'v', 'BTCUSDT.BYBIT', '15m', {closed}, 'long', 1000, 990, '[]', '{{}}', 50, {closed},
    'executed', 'run-0' {past};
INSERT INTO trading.positions (position_id, account_id, plan_id, instrument_id, settlement_currency, timeframe, bias,
    status, quantity, entry_quantity, entry_price, initial_stop_price, stop_price, realised_pnl, fees, funding,
    opened_at, closed_at, exit_reason)
SELECT 'p' || n, :account, 'p' || n, 'BTCUSDT.BYBIT', 'USDT', '15m', 'long', 'closed', 0, 1, 1000, 990, 990,
    10 - n % 7, 1, 0, {closed} - interval '10 min', {closed}, 'take_profit' {past};
INSERT INTO trading.order_intents (order_link_id, account_id, plan_id, purpose, instrument_id, side, order_type,
    quantity, reduce_only, valid_until, position_id, layer, run_id, state, filled_quantity)
SELECT 'p' || n || '_' || leg, :account, 'p' || n, CASE leg WHEN 1 THEN 'E' ELSE 'TP' || (leg - 1) END, 'BTCUSDT.BYBIT',
    'buy', 'market', 1, leg > 1, {closed}, 'p' || n, 1, 'run-0', 'filled', 1
    {past} CROSS JOIN generate_series(1, 4) AS leg;
INSERT INTO trading.fills (account_id, execution_id, order_link_id, venue_order_id, position_id, instrument_id, side,
    quantity, price, fee, fee_currency, is_maker, kind, executed_at)
SELECT :account, 'x' || n || '-' || leg, 'p' || n || '_' || leg, 'v' || n || '-' || leg, 'p' || n, 'BTCUSDT.BYBIT',
    'buy', 1, 1000, 1, 'USDT', false, 'trade', {closed} {past} CROSS JOIN generate_series(1, 4) AS leg;
"""


def _fill(engine: Engine) -> None:
    """A ledger of a month and more: a trade every quarter of an hour, a reading every minute."""
    past = "FROM generate_series(1, :trades) AS n"
    closed = "(CAST(:wave AS timestamptz) - n * interval '15 min' - interval '1 hour')"
    values = {"trades": CLOSED, "wave": WAVE, "account": ACCOUNT}
    readings = [
        {
            "account_id": ACCOUNT,
            "currency": "USDT",
            "read_at": WAVE - timedelta(minutes=minute),
            "equity": Decimal(10_000),
            "balance": Decimal(10_000),
            "available": Decimal(10_000),
            "unrealised_pnl": Decimal(0),
            "run_id": "",
        }
        for minute in range(1, MINUTES)
    ]
    with engine.begin() as connection:
        for statement in filter(str.strip, _HISTORY.format(closed=closed, past=past).split(";")):
            connection.execute(text(statement), values)
        connection.execute(insert(equity_snapshots), readings)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def _limits() -> RiskLimits:
    """Rules that read the ledger are on, and far enough off to let plans pass; the venue's answers are not timed."""
    folder = Path(tempfile.mkdtemp())
    shutil.copytree(ROOT / "config" / "risk", folder / "risk")
    (folder / "risk.yaml").write_text("profile: conservative\nmax_open_positions: 50\n")
    limits = load_risk(folder)
    shutil.rmtree(folder)
    return replace(
        limits,
        market=MarketLimits(),
        portfolio=PortfolioLimits(max_total_risk_r=Decimal(500), max_total_risk_amount=Decimal(5_000)),
        activity=replace(
            limits.activity,
            max_orders_5m=500,
            max_orders_day=10_000,
            max_turnover_5m=Decimal(10**9),
            max_turnover_day=Decimal(10**9),
        ),
        cooldowns=replace(limits.cooldowns, after_entry_s=0),
        max_leverage=Decimal(50),
        orders=replace(limits.orders, max_account_leverage=Decimal(500)),
    )


def _decide(lab: Lab, limits: RiskLimits, plans: list[TradePlan]) -> list[float]:
    """Milliseconds of each plan's decision, one transaction each."""
    listed = {plan.instrument_id: instrument(plan.instrument_id) for plan in plans}
    context = replace(lab.context(), limits=limits, instruments=listed)
    took, answers, busy = [], Counter[str](), time.process_time()
    for plan in plans:
        began = time.perf_counter()
        result = gate_plans(context=context, gate=lab.gate, plans=[plan])
        took.append((time.perf_counter() - began) * 1_000)
        answers.update(["admitted" for _ in result.admitted] + [denied.rule for denied in result.denied])
    busy = (time.process_time() - busy) * 1_000 / len(plans)
    told = ", ".join(f"{number} {answer}" for answer, number in answers.items())
    print(f"{told}; on {CLOSED:,} closed trades and {MINUTES:,} readings of equity")
    print(f"{'of one, our processor':<22}     {busy:7.2f} ms   the rest: PostgreSQL, and who else wants the machine")
    return took


def _judge(limits: RiskLimits) -> list[float]:
    """Milliseconds of the rules alone."""
    question = replace(QUESTION, limits=limits, plan=replace(QUESTION.plan, sizing=sizing_inputs(limits)))
    return [_timed(lambda: decide_entry(question, "run-1")) for _ in range(1_000)]


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1_000


def _said(what: str, took: list[float]) -> None:
    ordered = sorted(took)
    p95 = ordered[int(len(ordered) * 0.95)]
    print(f"{what:<22} p50 {statistics.median(ordered):7.2f} ms   p95 {p95:7.2f} ms   max {ordered[-1]:7.2f} ms")


def main() -> None:
    """Measure and print; a median above the budget ends with exit code 1."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plans", type=int, default=40)
    number = parser.parse_args().plans
    folder = Path(tempfile.mkdtemp(prefix="gate-bench-"))
    folder.chmod(0o755)
    server = EmbeddedPostgres(folder / "postgres")
    server.start()
    try:
        admin = create_engine(server.url("postgres", "psycopg"), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text("CREATE DATABASE bench"))
        admin.dispose()
        migrate(server.url("bench", "psycopg"))
        lab, limits = Lab(connect(server.url("bench", "psycopg"))), _limits()
        _fill(lab.database)
        record_equity(trading=lab.venue, equity=lab.equity)
        sizing = sizing_inputs(limits)
        plans = [replace(trade_plan(InstrumentId(f"C{place}USDT.BYBIT")), sizing=sizing) for place in range(number)]
        for plan in plans:
            store_plan(lab.database, plan)
        claim_plans(plans=lab.ledger, clock=lab.clock, run_id="run-1")
        print("the first, in which statements are compiled:")
        _decide(lab, limits, plans[:1])
        took = _decide(lab, limits, plans[1:])
        _said("one decision", took)
        _said("the rules alone", _judge(limits))
        lab.database.dispose()
    finally:
        with suppress(OSError):
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    if statistics.median(took) > BUDGET_MS:
        raise SystemExit(f"the gate takes longer than {BUDGET_MS} ms")


if __name__ == "__main__":
    main()

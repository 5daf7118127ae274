"""The money of a replay is net of fees and funding."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, text

from trading_pipeline.adapters.stores.research.replay_facts import ReplayFacts, replay_facts
from trading_pipeline_tests.dbt_project.ledger_rows import CLOSE, write_trades


def facts_of(database: Engine) -> ReplayFacts:
    return replay_facts(database, CLOSE - timedelta(days=1), CLOSE + timedelta(days=1))


def test_closed_trades_earn_what_fees_and_funding_leave_of_them(database: Engine) -> None:
    write_trades(database)
    facts = facts_of(database)
    # 118 - 2.2 - 0.3 of 100 at risk, and -6.3 - 0.2 of 6
    assert [trade.pnl_usdt for trade in facts.trades] == [Decimal("115.5"), Decimal("-6.5")]
    assert facts.pnl_usdt == Decimal(109)
    assert facts.pnl_r == pytest.approx(Decimal("1.155") - Decimal("6.5") / 6)


def test_a_trade_that_risked_nothing_has_money_and_no_r(database: Engine) -> None:
    write_trades(database)
    with database.begin() as connection:
        connection.execute(
            text("UPDATE trading.positions SET initial_stop_price = entry_price WHERE instrument_id = 'SOLUSDT.BYBIT'")
        )
    facts = facts_of(database)
    assert [trade.pnl_r for trade in facts.trades] == [Decimal("1.155"), None]
    assert (facts.pnl_usdt, facts.pnl_r) == (Decimal(109), Decimal("1.155"))


def test_a_latency_says_of_how_many_it_is(database: Engine) -> None:
    write_trades(database)
    facts = facts_of(database)
    assert (facts.plan_latency.p50_s, facts.plan_latency.samples) == (None, 0)
    with database.begin() as connection:
        connection.execute(
            text("INSERT INTO trading.waves (close_time, timeframe, first_bar_at) VALUES (:close, '1h', :close)"),
            {"close": CLOSE},
        )
        connection.execute(text("UPDATE trading.trade_plans SET written_at = close_time + interval '2 s'"))
        connection.execute(
            text("UPDATE trading.order_intents SET acknowledged_at = :at WHERE order_link_id = 'plan-long_E'"),
            {"at": CLOSE + timedelta(seconds=3)},
        )
    facts = facts_of(database)
    # a plan and one for a layer of each of four trades
    assert (facts.plan_latency.p50_s, facts.plan_latency.samples) == (2.0, 8)
    assert (facts.order_latency.p95_s, facts.order_latency.samples) == (3.0, 1)

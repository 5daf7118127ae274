"""What the account has done and lost, as the gate reads it from the ledger."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, insert, update

from trading_pipeline.adapters.stores.execution.entry_health import PostgresEntryHealthReader
from trading_pipeline.adapters.stores.execution.gate_facts import facts_of
from trading_pipeline.adapters.stores.postgres.tables import fills, order_intents, positions
from trading_pipeline.domain.model.fills import FillKind
from trading_pipeline.domain.model.identity import AccountId
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.model.timeframes import Timeframe, day_of
from trading_pipeline.domain.risk.entry import GateFacts
from trading_pipeline.domain.risk.held import Activity, EntryHealth
from trading_pipeline_tests.testkit.builders import ACCOUNT, usdt_wallet
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, store_bar, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

OTHER = AccountId("BYBIT:1002:simulated")
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
MIDNIGHT = day_of(WAVE)


@pytest.fixture
def lab(database: Engine) -> Lab:
    lab = Lab(database)
    lab.venue.on_fill = lab.ledger.apply_fill
    return lab


def read(lab: Lab, plan: TradePlan | None = None, now: datetime = WAVE, account_id: AccountId = ACCOUNT) -> GateFacts:
    with lab.database.connect() as connection:
        return facts_of(connection, account_id, "USDT", plan or trade_plan("ADAUSDT.BYBIT"), now)


def fill(lab: Lab, name: str, at: datetime, notional: str, kind: FillKind = FillKind.TRADE) -> None:
    """A fill of an order of that name."""
    row = {
        "account_id": ACCOUNT,
        "execution_id": f"{name} {at} {notional}",
        "order_link_id": name,
        "venue_order_id": name,
        "instrument_id": "BTCUSDT.BYBIT",
        "side": "buy",
        "quantity": Decimal(1),
        "price": Decimal(notional),
        "fee": Decimal(0),
        "fee_currency": "USDT",
        "is_maker": False,
        "kind": kind.value,
        "executed_at": at,
    }
    with lab.database.begin() as connection:
        connection.execute(insert(fills).values(**row))


def trade(
    lab: Lab, net: str, closed_at: datetime, instrument_id: str = "BTCUSDT.BYBIT", currency: str = "USDT"
) -> None:
    """A long that ended, after a fee of 1 and a funding of 2, with ``net``."""
    plan = trade_plan(instrument_id, close_time=closed_at - timedelta(minutes=15))
    store_plan(lab.database, plan, checks=False)
    row = {
        "position_id": plan.plan_id,
        "account_id": ACCOUNT,
        "plan_id": plan.plan_id,
        "instrument_id": instrument_id,
        "timeframe": "15m",
        "settlement_currency": currency,
        "bias": "long",
        "status": "closed",
        "quantity": Decimal(0),
        "entry_quantity": Decimal(1),
        "entry_price": Decimal(1000),
        "initial_stop_price": Decimal(990),
        "stop_price": Decimal(990),
        "realised_pnl": Decimal(net) + 3,
        "fees": Decimal(1),
        "funding": Decimal(2),
        "opened_at": closed_at - timedelta(minutes=10),
        "closed_at": closed_at,
        "exit_reason": "stop_loss",
    }
    with lab.database.begin() as connection:
        connection.execute(insert(positions).values(**row))


def test_an_account_that_never_traded_has_done_nothing(lab: Lab) -> None:
    facts = read(lab)
    assert facts.activity == Activity(0, Decimal(0), 0, Decimal(0), None)
    assert facts.trades is not None
    assert (facts.trades.closed, facts.trades.realised_today, facts.trades.same_side_at) == ((), 0, None)
    assert (facts.day_low_equity, facts.peak_equity, facts.volatility_pct, facts.live) == (None, None, None, ())


def test_five_minutes_end_at_299_seconds_and_an_order_counts_once(lab: Lab) -> None:
    fill(lab, "a", WAVE - 299 * SECOND, "400")
    fill(lab, "a", WAVE - 298 * SECOND, "350")
    fill(lab, "b", WAVE - 10 * SECOND, "250")
    fill(lab, "c", WAVE - 301 * SECOND, "9000")
    fill(lab, "d", WAVE - 10 * SECOND, "9000", FillKind.FUNDING)
    activity = read(lab).activity
    assert activity is not None
    assert (activity.orders_5m, activity.turnover_5m) == (2, Decimal(1000))
    assert (activity.orders_day, activity.turnover_day) == (3, Decimal(10_000))


def test_recent_turnover_crosses_midnight_and_daily_does_not(lab: Lab) -> None:
    fill(lab, "a", MIDNIGHT - SECOND, "400")
    fill(lab, "b", MIDNIGHT, "600")
    activity = read(lab, now=MIDNIGHT + SECOND).activity
    assert activity is not None
    assert (activity.turnover_5m, activity.turnover_day) == (Decimal(1000), Decimal(600))
    assert (activity.orders_5m, activity.orders_day) == (2, 2)


def test_an_entry_that_is_decided_counts_before_it_fills(lab: Lab) -> None:
    lab.venue.holds_fills = True
    store_plan(lab.database, trade_plan())
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    facts = read(lab)
    assert facts.activity is not None
    assert (facts.activity.orders_5m, facts.activity.turnover_5m) == (1, Decimal(5_000))
    (position,) = facts.live
    assert (position.quantity, position.price, position.risk) == (Decimal(5), Decimal(1000), Decimal(50))


def test_a_live_position_is_its_notional_and_risk(lab: Lab) -> None:
    store_plan(lab.database, trade_plan(bias=Bias.SHORT, timeframe=Timeframe.H1))
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    facts = read(lab)
    (position,) = facts.live
    assert (position.instrument_id, position.bias, position.timeframe) == ("BTCUSDT.BYBIT", Bias.SHORT, Timeframe.H1)
    assert (position.notional, position.risk) == (Decimal(5_000), Decimal(50))
    assert facts.activity is not None
    assert facts.activity.last_entry_at == WAVE


def test_trades_are_net_newest_first_and_added_daily(lab: Lab) -> None:
    trade(lab, "-60", WAVE - timedelta(hours=2))
    trade(lab, "-40", WAVE - timedelta(hours=1), "SOLUSDT.BYBIT")
    trade(lab, "500", MIDNIGHT - SECOND, "ADAUSDT.BYBIT")
    trade(lab, "7", WAVE - timedelta(minutes=30), "ETHUSDT.BYBIT", currency="USDC")
    trades = read(lab).trades
    assert trades is not None
    assert [one.net for one in trades.closed] == [Decimal(-40), Decimal(-60), Decimal(500)]
    assert trades.realised_today == Decimal(-100)
    assert [one.net for one in trades.losses_in_a_row(WAVE - DAY)] == [Decimal(-40), Decimal(-60)]
    assert [one.net for one in trades.losses_in_a_row(WAVE - timedelta(hours=2))] == [Decimal(-40)]


def test_a_side_was_last_traded_when_it_was_closed(lab: Lab) -> None:
    trade(lab, "-60", WAVE - timedelta(hours=2), "ADAUSDT.BYBIT")
    facts = [read(lab, trade_plan("ADAUSDT.BYBIT", bias)) for bias in (Bias.LONG, Bias.SHORT)]
    assert [one.trades and one.trades.same_side_at for one in facts] == [WAVE - timedelta(hours=2), None]


def test_an_upgrade_close_starts_no_rest_nor_streak(lab: Lab) -> None:
    trade(lab, "-60", WAVE - timedelta(hours=2), "ADAUSDT.BYBIT")
    with lab.database.begin() as connection:
        connection.execute(update(positions).values(exit_reason="mutex_upgrade"))
    trades = read(lab).trades
    assert trades is not None
    assert (trades.closed, trades.same_side_at, trades.realised_today) == ((), None, Decimal(-60))


def test_the_peak_counts_daily_starts_and_todays_readings(lab: Lab) -> None:
    for days, hours, equity in ((30, 1, 30_000), (29, 1, 12_000), (29, 2, 20_000), (3, 5, 11_000), (0, 1, 10_000)):
        lab.equity.record(usdt_wallet(Decimal(equity), MIDNIGHT - days * DAY + timedelta(hours=hours)))
    assert read(lab).peak_equity == Decimal(12_000)
    lab.equity.record(usdt_wallet(Decimal(13_000), MIDNIGHT + timedelta(hours=2)))
    lab.equity.record(usdt_wallet(Decimal(9_000), MIDNIGHT + timedelta(hours=3)))
    lab.equity.record(usdt_wallet(Decimal(9_500), MIDNIGHT + timedelta(hours=4)))
    facts = read(lab)
    assert (facts.peak_equity, facts.day_low_equity, facts.day_start_equity) == (13_000, 9_000, 10_000)


def test_the_volatility_is_that_of_the_plans_very_bar(lab: Lab) -> None:
    store_bar(lab.database, "ADAUSDT.BYBIT", WAVE, Decimal(1000), 25.5)
    assert read(lab).volatility_pct == Decimal("2.55")
    assert read(lab, trade_plan("ADAUSDT.BYBIT", timeframe=Timeframe.H1)).volatility_pct is None


def test_another_account_has_done_nothing(lab: Lab) -> None:
    fill(lab, "a", WAVE - SECOND, "400")
    trade(lab, "-60", WAVE - timedelta(hours=2))
    lab.equity.record(usdt_wallet(Decimal(9_000), WAVE))
    facts = read(lab, account_id=OTHER)
    assert (facts.activity, facts.peak_equity, facts.live) == (Activity(0, Decimal(0), 0, Decimal(0), None), None, ())
    assert facts.trades is not None
    assert facts.trades.closed == ()


def test_how_entries_fared_is_told_of_those_that_left_of_late(lab: Lab) -> None:
    reader = PostgresEntryHealthReader(lab.database, ACCOUNT)
    assert reader.of_entries(timedelta(minutes=5)) == EntryHealth(0, 0, Decimal(0))
    for instrument_id in ("ADAUSDT.BYBIT", "BTCUSDT.BYBIT"):
        store_plan(lab.database, trade_plan(instrument_id))
    # what is filled cannot be refused any more
    lab.venue.holds_fills = True
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    entries = order_intents.c.purpose == "E"
    with lab.database.begin() as connection:
        sent = order_intents.c.sent_at
        connection.execute(update(order_intents).where(entries).values(acknowledged_at=sent + timedelta(seconds=1)))
        connection.execute(
            update(order_intents)
            .where(entries, order_intents.c.instrument_id == "ADAUSDT.BYBIT")
            .values(state="rejected")
        )
    assert reader.of_entries(timedelta(minutes=5)) == EntryHealth(2, 1, Decimal(1000))
    assert reader.of_entries(timedelta(0)).sent == 0

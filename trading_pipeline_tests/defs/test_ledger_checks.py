"""Checks of the ledger in the job that the schedule starts, on rows that break one after the other and are cured."""

from datetime import timedelta
from decimal import Decimal

import dagster as dg
import pytest
from sqlalchemy import Engine, text

from trading_pipeline.defs.execution.ledger import ledger_assets
from trading_pipeline.defs.execution.ledger_checks import ledger_checks, ledger_job
from trading_pipeline.defs.execution.reconciliation import reconciliation
from trading_pipeline.domain.risk.differences import Difference, DifferenceKind
from trading_pipeline.resources.stores import Stores
from trading_pipeline_tests.testkit.builders import ACCOUNT, usdt_wallet
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

CLOSED, OPEN = trade_plan(), trade_plan("SOLUSDT.BYBIT")
NO_STOP = Difference(ACCOUNT, OPEN.instrument_id, DifferenceKind.NO_STOP, "5.000 without a live stop")
PHANTOM = Difference(ACCOUNT, CLOSED.instrument_id, DifferenceKind.UNKNOWN_POSITION, "external: the venue holds 1")
SOUND = {
    "nothing_in_doubt": "sound",
    "orders_are_booked": "sound",
    "open_has_a_stop": "sound",
    "parts_equal_the_whole": "sound",
    "wallet_is_explained": "sound",
    "ledger_equals_venue": "sound",
}


@pytest.fixture(scope="module")
def lab(module_database: Engine) -> Lab:
    """A long that was closed in two parts and one that is open, between two readings of the wallet.

    5 at 1000 left with 2 at 1010 and 3 at 990: 10 lost, 5.4945 of fees. Of the other, 5 at 1000, 2.75 of fees.
    """
    lab = Lab(module_database)
    lab.equity.record(usdt_wallet(Decimal(10_000), WAVE - timedelta(minutes=1)))
    for plan in (CLOSED, OPEN):
        store_plan(module_database, plan)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    lab.clock.advance(timedelta(minutes=1))
    for price in (1010, 990):
        lab.venue.move(CLOSED.instrument_id, Decimal(price))
    for fill in lab.venue.fills(WAVE):
        lab.ledger.apply_fill(fill)
    lab.equity.record(usdt_wallet(Decimal("9981.7555"), WAVE + timedelta(minutes=10)))
    with module_database.begin() as connection:
        # its steps may only be added to, and are moments old
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("UPDATE trading.execution_traces SET at = at - interval '2 minutes'"))
    return lab


def said(lab: Lab) -> dict[str, str]:
    """By check what it found, asked alone: no asset is materialised."""
    definitions = dg.Definitions(
        assets=[*ledger_assets, reconciliation],
        asset_checks=ledger_checks,
        jobs=[ledger_job],
        resources={
            "stores": Stores(database_url=lab.database.url.render_as_string(hide_password=False)),
            **dict.fromkeys(("markets", "comparison"), dg.ResourceDefinition.none_resource()),
        },
    )
    result = definitions.resolve_job_def(ledger_job.name).execute_in_process()
    assert result.get_asset_materialization_events() == []
    found = {one.check_name: one for one in result.get_asset_check_evaluations()}
    assert all(one.passed is (one.description == "sound") for one in found.values())
    return {name: one.description or "" for name, one in found.items()}


def write(lab: Lab, statement: str) -> None:
    """Behind the ledger's back: without its triggers."""
    with lab.database.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        assert connection.execute(text(statement)).rowcount == 1


_ORDER = f"WHERE order_link_id = '{CLOSED.plan_id}_E'"
_POSITION = f"WHERE position_id = '{CLOSED.plan_id}'"


@pytest.mark.parametrize(
    ("check", "broken", "cured", "sentence"),
    [
        (
            "nothing_in_doubt",
            f"UPDATE trading.order_intents SET state = 'unknown', sent_at = sent_at - interval '1 hour' {_ORDER}",
            f"UPDATE trading.order_intents SET state = 'filled', sent_at = sent_at + interval '1 hour' {_ORDER}",
            f"BTCUSDT.BYBIT: order {CLOSED.plan_id}_E is unknown since 36",
        ),
        (
            "orders_are_booked",
            f"UPDATE trading.order_intents SET filled_quantity = 4 {_ORDER}",
            f"UPDATE trading.order_intents SET filled_quantity = 5 {_ORDER}",
            f"BTCUSDT.BYBIT: order {CLOSED.plan_id}_E filled 4, its fills add up to 5.000",
        ),
        (
            "open_has_a_stop",
            f"UPDATE trading.positions SET stop_price = 0 WHERE position_id = '{OPEN.plan_id}'",
            f"UPDATE trading.positions SET stop_price = 990 WHERE position_id = '{OPEN.plan_id}'",
            "SOLUSDT.BYBIT: the ledger knows no stop of 5.000",
        ),
        (
            "parts_equal_the_whole",
            f"UPDATE trading.positions SET realised_pnl = realised_pnl + 0.01 {_POSITION}",
            f"UPDATE trading.positions SET realised_pnl = realised_pnl - 0.01 {_POSITION}",
            f"BTCUSDT.BYBIT: profit of position {CLOSED.plan_id} is -9.99",
        ),
        (
            "parts_equal_the_whole",
            f"UPDATE trading.positions SET funding = 3 {_POSITION}",
            f"UPDATE trading.positions SET funding = 0 {_POSITION}",
            f"BTCUSDT.BYBIT: funding of position {CLOSED.plan_id} is 3, by its fills 0",
        ),
        (
            "wallet_is_explained",
            "UPDATE trading.equity_snapshots SET balance = balance + 1 WHERE read_at > '2025-11-03 12:05+00'",
            "UPDATE trading.equity_snapshots SET balance = balance - 1 WHERE read_at > '2025-11-03 12:05+00'",
            "BYBIT:1001:simulated USDT: moved by -17.2445 from 2025-11-03 11:59:00 to 12:10:00 UTC, fills earned -18.2",
        ),
    ],
)
def test_a_broken_row_is_found_by_its_check(lab: Lab, check: str, broken: str, cured: str, sentence: str) -> None:
    assert said(lab) == SOUND
    write(lab, broken)
    found = said(lab)
    assert found.pop(check).startswith(sentence)
    assert found == {name: "sound" for name in SOUND if name != check}
    write(lab, cured)
    assert said(lab) == SOUND


def test_what_reconciliation_found_stands_until_it_is_found_gone(lab: Lab) -> None:
    log = lab.context().differences
    log.keep([NO_STOP, PHANTOM], "run-1", WAVE)
    assert {name: one for name, one in said(lab).items() if one != "sound"} == {
        "open_has_a_stop": "SOLUSDT.BYBIT: at the venue 5.000 without a live stop",
        "ledger_equals_venue": "SOLUSDT.BYBIT: no_stop: 5.000 without a live stop; "
        "BTCUSDT.BYBIT: unknown_position: external: the venue holds 1",
    }
    log.keep([], "run-2", WAVE + timedelta(minutes=1))
    assert said(lab) == SOUND


def test_an_ended_order_has_a_minute_for_fills(lab: Lab) -> None:
    write(lab, f"UPDATE trading.order_intents SET filled_quantity = 4 {_ORDER}")
    newest = f"SELECT max(trace_id) FROM trading.execution_traces {_ORDER}"
    write(lab, f"UPDATE trading.execution_traces SET at = clock_timestamp() WHERE trace_id = ({newest})")
    assert said(lab) == SOUND
    write(lab, f"UPDATE trading.order_intents SET filled_quantity = 5 {_ORDER}")

"""The breaker opens with the reading that falls below its limit, and not with the minute."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, text

from trading_pipeline.adapters.stores.execution.risk_events import PostgresRiskEventLog
from trading_pipeline.domain.model.halts import HaltKind
from trading_pipeline.domain.risk.limit_sections import CircuitLimits
from trading_pipeline.services.execution.watch_fall import watch_fall
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.execution_lab import LIMITS, Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

BREAKING = CircuitLimits(Decimal("0.02"), Decimal("0.04"))


@pytest.fixture
def lab(database: Engine) -> Lab:
    """An account of 10,000 with one open, protected long."""
    lab = Lab(database)
    lab.venue.on_fill = lab.ledger.apply_fill
    store_plan(database, trade_plan())
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    return lab


def look_at(lab: Lab, equity: int, circuit: CircuitLimits = BREAKING) -> dict[str, str]:
    """A second later, the account is worth this."""
    lab.clock.advance(timedelta(seconds=1))
    lab.venue.equity = Decimal(equity)
    context = replace(lab.context("watchdog"), limits=replace(LIMITS, circuit=circuit))
    events = PostgresRiskEventLog(lab.database, ACCOUNT, "watchdog")
    return watch_fall(context=context, equity=lab.equity, events=events)


def readings(lab: Lab) -> list[Decimal]:
    with lab.database.connect() as connection:
        return list(connection.execute(text("SELECT equity FROM trading.equity_snapshots ORDER BY read_at")).scalars())


def test_the_hard_breaker_opens_and_closes_within_the_second(lab: Lab) -> None:
    assert look_at(lab, 9_700) == {}
    assert [halt.kind for halt in lab.halts.halts()] == [HaltKind.CIRCUIT_SOFT]
    assert list(look_at(lab, 9_590)) == ["BTCUSDT.BYBIT"]
    assert {halt.kind for halt in lab.halts.halts()} == {HaltKind.CIRCUIT_SOFT, HaltKind.CIRCUIT_HARD}
    assert lab.venue.positions() == []


def test_only_what_is_lower_than_everything_before_is_kept(lab: Lab) -> None:
    before = len(readings(lab))
    for equity in (9_990, 9_995, 9_990, 9_980):
        look_at(lab, equity)
    assert readings(lab)[before:] == [9_990, 9_980]


def test_the_first_look_of_a_day_begins_it(lab: Lab) -> None:
    lab.clock.advance(timedelta(days=1))
    look_at(lab, 9_000)
    assert readings(lab)[-1] == 9_000
    assert lab.halts.halts() == []


def test_switched_off_nobody_asks(lab: Lab) -> None:
    before = readings(lab)
    look_at(lab, 1_000, CircuitLimits(Decimal(0), Decimal(0)))
    assert (readings(lab), lab.halts.halts()) == (before, [])

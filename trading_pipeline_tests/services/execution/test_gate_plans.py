"""The gate on a real ledger: facts, lock, memory."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, event

from trading_pipeline.domain.model.checks import CheckName
from trading_pipeline.domain.model.errors import ConfigurationError, TemporaryVenueError
from trading_pipeline.domain.model.halts import Halt, HaltScope
from trading_pipeline.domain.model.plans import PlanStatus
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.services.accounting.record_equity import ensure_day_start
from trading_pipeline.services.execution.claim_plans import claim_plans
from trading_pipeline.services.execution.gate_plans import GateResult, gate_plans
from trading_pipeline.services.execution.halt_trading import halt_trading, resume_trading
from trading_pipeline_tests.testkit.builders import usdt_wallet
from trading_pipeline_tests.testkit.execution_lab import GUARDS, WAVE, Lab, store_checks, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans
from trading_pipeline_tests.testkit.fakes_market_data import a_book

PLAN = trade_plan()


@pytest.fixture
def lab(database: Engine) -> Lab:
    """An account that knows its equity at the start of the day."""
    lab = Lab(database)
    ensure_day_start(trading=lab.venue, equity=lab.equity, now=WAVE)
    return lab


def gate(lab: Lab, run_id: str = "run-1") -> GateResult:
    claim = claim_plans(plans=lab.ledger, clock=lab.clock, run_id=run_id)
    return gate_plans(context=lab.context(run_id), gate=lab.gate, plans=claim.plans)


def rules(result: GateResult) -> list[str]:
    return [denied.rule for denied in result.denied]


def test_a_bar_nobody_checked_denies(lab: Lab) -> None:
    store_plan(lab.database, PLAN, checks=False)
    assert rules(gate(lab)) == ["data_checks"]
    assert lab.plan_status(PLAN) == (
        PlanStatus.DENIED,
        "data_checks: no verdict about the bar: no_gap, ohlc_sane, sources_agree",
    )


def test_a_bar_that_failed_a_check_denies_with_its_detail(lab: Lab) -> None:
    store_plan(lab.database, PLAN, checks=False)
    store_checks(lab.database, PLAN, failed=CheckName.NO_GAP)
    assert gate(lab).denied[0].reason == "no_gap failed: one bar missing"


def test_a_wallet_that_cannot_be_read_denies(lab: Lab) -> None:
    store_plan(lab.database, PLAN)
    lab.venue.faults["wallet"] = [TemporaryVenueError("down")]
    result = gate(lab)
    assert (rules(result), result.wallet_problem) == (["wallet_age"], "down")


def test_a_day_without_a_first_equity_denies(database: Engine) -> None:
    lab = Lab(database)
    store_plan(database, PLAN)
    assert rules(gate(lab)) == ["max_daily_loss"]


def test_a_fall_of_equity_since_midnight_denies(lab: Lab) -> None:
    store_plan(lab.database, PLAN)
    lab.venue.equity = Decimal(9_500)
    assert rules(gate(lab)) == ["max_daily_loss"]


def test_a_halt_denies_until_it_is_lifted(lab: Lab) -> None:
    halt_trading(halts=lab.halts, notifier=lab.postbox, halt=Halt(HaltScope("BTCUSDT.BYBIT"), "operator", WAVE))
    store_plan(lab.database, PLAN)
    other = trade_plan("SOLUSDT.BYBIT", Bias.SHORT)
    store_plan(lab.database, other)
    result = gate(lab)
    assert (rules(result), [intent.instrument_id for intent in result.admitted]) == (["halt"], ["SOLUSDT.BYBIT"])
    assert resume_trading(halts=lab.halts, notifier=lab.postbox, scope=HaltScope("BTCUSDT.BYBIT"))
    assert not resume_trading(halts=lab.halts, notifier=lab.postbox, scope=HaltScope("BTCUSDT.BYBIT"))


def test_the_same_question_gets_the_same_answer(lab: Lab) -> None:
    denied = trade_plan("SOLUSDT.BYBIT")
    store_plan(lab.database, PLAN)
    store_plan(lab.database, denied, checks=False)
    claim = claim_plans(plans=lab.ledger, clock=lab.clock, run_id="run-1")
    first = gate_plans(context=lab.context(), gate=lab.gate, plans=claim.plans)
    store_checks(lab.database, denied)
    assert gate_plans(context=lab.context(), gate=lab.gate, plans=claim.plans) == first


def test_a_run_that_lost_its_claim_decides_nothing(lab: Lab) -> None:
    store_plan(lab.database, PLAN)
    stale = claim_plans(plans=lab.ledger, clock=lab.clock, run_id="run-1")
    lab.end_leases()
    claim_plans(plans=lab.ledger, clock=lab.clock, run_id="run-2")
    assert rules(gate_plans(context=lab.context("run-1"), gate=lab.gate, plans=stale.plans)) == ["claim"]
    assert lab.plan_status(PLAN)[0] is PlanStatus.CLAIMED


def test_after_a_stop_loss_the_symbol_cools_down_for_one_bar(lab: Lab) -> None:
    store_plan(lab.database, PLAN)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    lab.venue.on_fill = lab.ledger.apply_fill
    lab.clock.set(WAVE + timedelta(minutes=7))
    lab.venue.move("BTCUSDT.BYBIT", Decimal(990))
    outcomes = []
    for bars in (1, 2):
        close_time = WAVE + bars * timedelta(minutes=15)
        lab.clock.set(close_time)
        store_plan(lab.database, trade_plan(close_time=close_time))
        outcomes.append(rules(gate(lab)))
    assert outcomes == [["cooldown"], []]


def test_margin_promised_to_one_entry_is_not_given_to_the_next(lab: Lab) -> None:
    poor = usdt_wallet(Decimal(10_000), WAVE, available=Decimal(1_200))
    lab.venue.wallet = lambda: poor  # type: ignore[method-assign]
    store_plan(lab.database, trade_plan("ADAUSDT.BYBIT"))
    store_plan(lab.database, trade_plan("SOLUSDT.BYBIT"))
    quantities = [intent.quantity for intent in gate(lab).admitted]
    # 5 x 1000 binds 1000 and 2.75 of fee; 197.25 are left for 1000 x (1/5 + 0.00055 x (2 - 1/5)) = 200.99 a unit
    assert quantities == [Decimal(5), Decimal("0.981")]


def test_a_plan_without_guards_costs_no_question_about_its_moment(lab: Lab) -> None:
    store_plan(lab.database, PLAN)
    assert len(gate(lab).admitted) == 1
    assert lab.market.asked == []


def test_one_unreadable_book_denies_its_plan_and_no_other(lab: Lab) -> None:
    for instrument_id in ("ADAUSDT.BYBIT", "BTCUSDT.BYBIT", "SOLUSDT.BYBIT"):
        store_plan(lab.database, replace(trade_plan(instrument_id), guards=GUARDS))
    lab.market.books["ADAUSDT.BYBIT"] = TemporaryVenueError("no answer within 2 s")
    lab.market.books["BTCUSDT.BYBIT"] = replace(a_book("BTCUSDT.BYBIT", WAVE), asks=())
    result = gate(lab)
    reasons = {denied.reason for denied in result.denied}
    assert rules(result) == ["book_unknown", "book_unknown"]
    assert reasons == {
        "no order book of ADAUSDT.BYBIT: no answer within 2 s",
        "no order book of BTCUSDT.BYBIT: the book of BTCUSDT.BYBIT has no asks: wait for both sides",
    }
    assert [intent.instrument_id for intent in result.admitted] == ["SOLUSDT.BYBIT"]


def test_a_funding_time_the_venue_does_not_tell_denies(lab: Lab) -> None:
    store_plan(lab.database, replace(PLAN, guards=GUARDS))
    lab.market.funding["BTCUSDT.BYBIT"] = ConfigurationError("bybit answered 10001: instrument invalid")
    assert rules(gate(lab)) == ["funding_unknown"]
    assert (
        lab.plan_status(PLAN)[1]
        == "funding_unknown: no funding time of BTCUSDT.BYBIT: bybit answered 10001: instrument invalid"
    )


def test_a_decision_is_few_short_questions(lab: Lab) -> None:
    store_plan(lab.database, PLAN)
    claim = claim_plans(plans=lab.ledger, clock=lab.clock, run_id="run-1")
    asked: list[str] = []

    def hear(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    event.listen(lab.database, "before_cursor_execute", hear)
    assert gate_plans(context=lab.context(), gate=lab.gate, plans=claim.plans).admitted
    # What has ended, the lock, the claim, four questions and two rows: the gate is waited for, and each costs a way.
    assert len(asked) <= 9, asked
    # psycopg reads longer ones anew at each execution.
    assert [statement for statement in asked if len(statement) > 4096 or statement.count("%(") > 50] == []

"""Each rule alone, and all of them on missing information."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from trading_pipeline.domain.model.halts import Halt, HaltScope
from trading_pipeline.domain.model.instruments import InstrumentStatus
from trading_pipeline.domain.model.orders import OrderType, Side
from trading_pipeline.domain.model.plans import ExitRules, SizingInputs
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.portfolio.sizing import SizingModel, SizingRule
from trading_pipeline.domain.risk.entry import MarketConditions, OpenLayers
from trading_pipeline.domain.risk.entry_size import sizing_inputs
from trading_pipeline.domain.risk.rules.loss_rules import MaxDailyLoss
from trading_pipeline_tests.testkit.builders import instrument, usdt_wallet
from trading_pipeline_tests.testkit.execution_lab import LIMITS, WAVE
from trading_pipeline_tests.testkit.gate_questions import (
    BOOK,
    CHECKS,
    FACTS,
    GUARDED,
    PLAN,
    QUESTION,
    WALLET,
    Change,
    admitted,
    asked,
    denied,
    facts,
    live,
    plan,
)


def test_a_plan_with_nothing_against_it_becomes_a_protected_market_order() -> None:
    intent = admitted(QUESTION)
    assert (intent.side, intent.order_type, intent.quantity) == (Side.BUY, OrderType.MARKET, Decimal(5))
    assert (intent.stop_loss, intent.valid_until) == (PLAN.stop_price, PLAN.valid_until)
    assert (intent.order_link_id, intent.reduce_only) == (f"{PLAN.plan_id}_E", False)


LAYERED = replace(
    QUESTION,
    plan=replace(PLAN, exit_rules=ExitRules(max_layers=3)),
    facts=replace(
        FACTS, live=(*live("A", "B"), *live("BTCUSDT.BYBIT")), adds_to=OpenLayers("p", layers=2, next_layer=4)
    ),
)
"""The position has two layers, one that was tried ended empty, and all places are taken."""


def test_a_layer_is_numbered_and_takes_no_place() -> None:
    assert admitted(LAYERED).layer == 4
    assert admitted(QUESTION).layer == 1


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (facts(adds_to=OpenLayers("p", layers=3, next_layer=4)), "symbol_busy"),
        (facts(adds_to=None), "symbol_busy"),
        (facts(last_stop_loss_at=WAVE), "cooldown"),
        (asked(wallet=usdt_wallet(Decimal(9_500), WAVE)), "max_daily_loss"),
        (asked(wallet=usdt_wallet(Decimal(10_000), WAVE, available=Decimal(0))), "min_quantity"),
    ],
)
def test_a_layer_is_held_against_what_an_entry_is_held_against(change: Change, rule: str) -> None:
    found = denied(change(LAYERED))
    assert found.rule == rule


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (facts(halts=(Halt(HaltScope("all"), "kill switch", WAVE),)), "kill_switch"),
        (facts(halts=(Halt(HaltScope("BTCUSDT.BYBIT"), "unknown position", WAVE),)), "halt"),
        (asked(now=PLAN.valid_until + timedelta(milliseconds=1)), "expiry"),
        (facts(checks=()), "data_checks"),
        (facts(checks=CHECKS[1:]), "data_checks"),
        (facts(checks=(*CHECKS[1:], replace(CHECKS[0], passed=False))), "data_checks"),
        (plan(stop_price=Decimal(1000)), "stop_side"),
        (plan(stop_price=Decimal(1010)), "stop_side"),
        (plan(stop_price=Decimal("999.96")), "stop_side"),
        (plan(stop_price=Decimal("0.04")), "stop_side"),
        (plan(bias=Bias.SHORT), "stop_side"),
        (plan(sizing=None), "sizing"),
        (plan(sizing=SizingInputs("risk", {"risk_per_trade": Decimal("0.01")})), "sizing"),
        (asked(limits=replace(LIMITS, risk_per_trade=Decimal("0.004"))), "sizing"),
        (asked(limits=replace(LIMITS, sizing=SizingRule(SizingModel.FIXED))), "sizing"),
        (facts(closed_by_signal="a1b2", live=live("BTCUSDT.BYBIT")), "closed_opposite"),
        (facts(live=live("BTCUSDT.BYBIT")), "symbol_busy"),
        (facts(live=live("BTCUSDT.BYBIT"), adds_to=OpenLayers("p", 1, 2)), "symbol_busy"),
        (facts(live=live("A", "B", "C")), "max_open_positions"),
        (facts(last_stop_loss_at=WAVE - timedelta(minutes=14)), "cooldown"),
        (asked(wallet=None), "wallet_age"),
        (asked(wallet=replace(WALLET, balances={"BTC": WALLET.balances["USDT"]})), "balance"),
        (asked(wallet=replace(WALLET, read_at=WAVE - timedelta(seconds=11))), "wallet_age"),
        (asked(wallet=replace(WALLET, read_at=WAVE + timedelta(seconds=11))), "wallet_age"),
        (facts(day_start_equity=None), "max_daily_loss"),
        (facts(day_start_equity=Decimal(0)), "max_daily_loss"),
        (facts(day_start_equity=Decimal("10526.32")), "max_daily_loss"),
        (asked(instrument=None), "instrument"),
        (facts(pending_notional=Decimal(50_000)), "min_quantity"),
    ],
)
def test_one_thing_against_it_denies(change: Change, rule: str) -> None:
    found = denied(change(QUESTION))
    assert found.rule == rule
    assert len(found.sentence) > 10


@pytest.mark.parametrize(
    "change",
    [
        facts(halts=(Halt(HaltScope("SOLUSDT.BYBIT"), "unknown position", WAVE),)),
        asked(now=PLAN.valid_until, wallet=replace(WALLET, read_at=PLAN.valid_until)),
        facts(live=live("SOLUSDT.BYBIT", "ADAUSDT.BYBIT")),
        facts(last_stop_loss_at=WAVE - timedelta(minutes=15)),
        asked(wallet=replace(WALLET, read_at=WAVE - timedelta(seconds=10))),
        facts(day_start_equity=Decimal("10526.31")),
    ],
    ids=["halt elsewhere", "last instant", "two positions", "cooled down", "old enough wallet", "loss below the limit"],
)
def test_the_edge_of_a_rule_is_allowed(change: Change) -> None:
    assert admitted(change(QUESTION)).quantity == Decimal(5)


def test_a_cheap_coins_stop_is_below_one() -> None:
    cheap = plan(entry_price=Decimal("0.9"), stop_price=Decimal("0.8"))
    assert admitted(cheap(QUESTION)).stop_loss == Decimal("0.8")


def test_an_account_may_hold_less_than_one_of_its_currency() -> None:
    poor = replace(QUESTION, facts=replace(FACTS, day_start_equity=Decimal("0.5")))
    assert MaxDailyLoss().judge(poor) is None


@pytest.mark.parametrize("unknown", [asked(wallet=None), asked(instrument=None)], ids=["wallet", "instrument"])
def test_the_unknown_is_not_sized_even_unasked(unknown: Change) -> None:
    assert unknown(QUESTION).balance is None
    assert "without a balance" in denied(unknown(QUESTION), rules=()).sentence


def moment(**changes: object) -> Change:
    return lambda question: replace(question, conditions=replace(question.conditions, **changes))  # type: ignore[arg-type]


def book(**changes: object) -> Change:
    return moment(book=replace(BOOK, **changes))  # type: ignore[arg-type]


def later(seconds: float) -> Change:
    """Everything but the bar moves on with the clock."""
    now = WAVE + timedelta(seconds=seconds)
    fresh = MarketConditions(replace(BOOK, at=now), now + timedelta(minutes=15))
    return lambda question: replace(question, now=now, conditions=fresh)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (moment(book=None, book_problem="no answer within 2 s"), "book_unknown"),
        (asked(conditions=MarketConditions()), "book_unknown"),
        (book(at=WAVE - timedelta(seconds=5)), "book_stale"),
        (book(at=WAVE + timedelta(seconds=5)), "book_stale"),
        (book(spread_bps=Decimal("5.0001")), "spread"),
        (later(5.001), "bar_stale"),
        (moment(next_funding_at=None, funding_problem="no ticker"), "funding_unknown"),
        (moment(next_funding_at=WAVE - timedelta(seconds=1)), "funding_unknown"),
        (moment(next_funding_at=WAVE), "funding_near"),
        (moment(next_funding_at=WAVE + timedelta(minutes=14, seconds=59)), "funding_near"),
        (book(depth_usdt=Decimal("999999.99")), "depth"),
    ],
)
def test_a_guarded_plan_is_denied_by_its_moment(change: Change, rule: str) -> None:
    found = denied(change(GUARDED))
    assert found.rule == rule
    assert len(found.sentence) > 10


@pytest.mark.parametrize(
    "change",
    [asked(), book(at=WAVE - timedelta(seconds=4, milliseconds=999)), later(5)],
    ids=["spread, depth and funding at their limits", "book almost too old", "last instant after the close"],
)
def test_the_edge_of_a_guard_is_allowed(change: Change) -> None:
    assert admitted(change(GUARDED)).quantity == Decimal(5)


def test_a_plan_without_guards_asks_nothing_of_its_moment() -> None:
    assert admitted(replace(QUESTION, conditions=MarketConditions())).quantity == Decimal(5)


def test_another_model_sizes_the_same_protected_order() -> None:
    limits = replace(LIMITS, sizing=SizingRule(SizingModel.FIXED, fixed_amount=Decimal(2_500)))
    question = replace(QUESTION, limits=limits, plan=replace(PLAN, sizing=sizing_inputs(limits)))
    intent = admitted(question)
    assert (intent.quantity, intent.stop_loss) == (Decimal("2.5"), PLAN.stop_price)


def test_a_plan_that_knows_no_volatility_is_not_sized_by_it() -> None:
    limits = replace(LIMITS, sizing=SizingRule(SizingModel.VOLATILITY))
    found = denied(replace(QUESTION, limits=limits, plan=replace(PLAN, sizing=sizing_inputs(limits))))
    assert found.rule == "volatility"


@pytest.mark.parametrize(
    "standing",
    [{"status": status} for status in InstrumentStatus if status is not InstrumentStatus.TRADING]
    + [{"delists_at": WAVE + timedelta(days=7)}],
)
def test_what_does_not_trade_is_not_entered(standing: dict[str, object]) -> None:
    found = denied(replace(QUESTION, instrument=replace(instrument(), **standing)))
    assert found.rule == "not_tradable"

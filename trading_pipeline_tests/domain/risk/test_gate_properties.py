"""What holds for every rule, question and limit."""

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import timedelta
from decimal import Decimal
from operator import attrgetter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.risk.entry import EntryQuestion
from trading_pipeline.domain.risk.entry_size import entry_quantity
from trading_pipeline.domain.risk.finding import Action
from trading_pipeline.domain.risk.gate import decide_entry
from trading_pipeline.domain.risk.held import Activity, ClosedTrade, LivePosition, TradeRecord
from trading_pipeline.domain.risk.limit_sections import (
    ActivityLimits,
    CircuitLimits,
    CooldownLimits,
    LossLimits,
    OrderLimits,
    PortfolioLimits,
)
from trading_pipeline.domain.risk.rules.base import EntryRule, SizeRule
from trading_pipeline.domain.risk.rules.catalog import ENTRY_RULES, SIZE_RULES
from trading_pipeline_tests.testkit.builders import usdt_wallet
from trading_pipeline_tests.testkit.execution_lab import LIMITS, WAVE
from trading_pipeline_tests.testkit.gate_questions import FACTS, QUESTION

NAMES = ("BTCUSDT.BYBIT", "ETHUSDT.BYBIT", "SOLUSDT.BYBIT")
BASES = {InstrumentId(name): name[:3] for name in NAMES}

shares = st.sampled_from([Decimal(0), Decimal("0.01"), Decimal("0.05"), Decimal("0.5")])
amounts = st.sampled_from([Decimal(0), Decimal(10), Decimal(100), Decimal(5_000)])
numbers = st.integers(0, 4)
seconds = st.sampled_from([0, 30, 900])
ago = st.integers(0, 2_000).map(lambda number: WAVE - timedelta(seconds=number))

limits = st.builds(
    lambda *sections: replace(
        LIMITS,
        max_open_positions=sections[0],
        max_daily_loss=sections[1],
        circuit=sections[2],
        losses=sections[3],
        activity=sections[4],
        cooldowns=sections[5],
        portfolio=sections[6],
        orders=sections[7],
    ),
    numbers,
    shares,
    st.builds(CircuitLimits, shares, shares),
    st.builds(LossLimits, amounts, shares, numbers, st.just(24), shares),
    st.builds(ActivityLimits, numbers, amounts, numbers, amounts),
    st.builds(
        CooldownLimits, st.just({}), seconds, seconds, st.sampled_from([Decimal(1), Decimal(2)]), seconds, seconds
    ),
    st.builds(
        PortfolioLimits,
        st.just(False),
        st.sampled_from([(), (("BTC", "ETH"),)]),
        numbers,
        shares,
        numbers,
        st.sampled_from([Decimal(0), Decimal(1), Decimal(3)]),
        amounts,
        st.just({}),
    ),
    st.builds(OrderLimits, amounts, amounts, amounts, st.sampled_from([Decimal(0), Decimal("0.5"), Decimal(2)])),
)
positions = st.lists(
    st.builds(
        LivePosition,
        st.just("p"),
        st.sampled_from([InstrumentId(name) for name in NAMES]),
        st.sampled_from([Timeframe.M5, Timeframe.H1]),
        st.sampled_from(list(Bias)),
        st.sampled_from([Decimal(1), Decimal(6)]),
        st.just(Decimal(1000)),
        st.sampled_from([Decimal(990), Decimal(1000)]),
    ),
    max_size=3,
    unique_by=lambda position: position.instrument_id,
).map(tuple)
maybe_equity = st.one_of(st.none(), st.sampled_from([Decimal(9_000), Decimal(9_990), Decimal(10_000), Decimal(11_000)]))
facts = st.builds(
    lambda live, start, low, peak, activity, trades: replace(
        FACTS, live=live, day_start_equity=start, day_low_equity=low, peak_equity=peak, activity=activity, trades=trades
    ),
    positions,
    maybe_equity,
    maybe_equity,
    maybe_equity,
    st.one_of(st.none(), st.builds(Activity, numbers, amounts, numbers, amounts, st.one_of(st.none(), ago))),
    st.one_of(
        st.none(),
        st.builds(
            TradeRecord,
            st.lists(st.builds(ClosedTrade, ago, amounts.map(lambda amount: 10 - amount)), max_size=4).map(tuple),
            amounts.map(lambda amount: 50 - amount),
            st.one_of(st.none(), ago),
        ),
    ),
)
questions = st.builds(
    lambda given_limits, given_facts: replace(QUESTION, limits=given_limits, facts=given_facts, bases=BASES),
    limits,
    facts,
)


@given(questions)
def test_what_a_rule_refuses_is_never_admitted(question: EntryQuestion) -> None:
    refusing = [one for rule in ENTRY_RULES if (one := rule.judge(question)) and one.action is Action.DENY]
    decision = decide_entry(question, "run-1")
    if refusing:
        assert decision.intent is None
        assert decision.denial == refusing[0]
    assert (decision.intent is None) == (decision.denial is not None)


@given(questions)
def test_what_is_admitted_is_never_more_than_any_size_rule_leaves(question: EntryQuestion) -> None:
    intent = decide_entry(question, "run-1").intent
    if intent is not None:
        assert [rule.judge(question, intent.quantity) for rule in SIZE_RULES] == [None] * len(SIZE_RULES)
        assert question.balance is not None
        assert question.instrument is not None
        asked = entry_quantity(question.plan, question.balance, question.instrument, question.limits, Decimal(0))
        assert intent.quantity <= asked
        assert question.instrument.floor_quantity(intent.quantity) == intent.quantity


SWITCHED = [rule for rule in (*ENTRY_RULES, *SIZE_RULES) if rule.key]


def switched_off(question: EntryQuestion, key: str) -> EntryQuestion:
    """The question with one limit at 0, or empty."""
    section, _, name = key.rpartition(".")
    value = attrgetter(key)(question.limits)
    off = type(value)()
    changed = replace(getattr(question.limits, section), **{name: off}) if section else None
    change = {section: changed} if section else {name: off}
    return replace(question, limits=replace(question.limits, **change))  # type: ignore[arg-type]


@pytest.mark.parametrize("rule", SWITCHED, ids=lambda rule: rule.name)
@settings(max_examples=20)
@given(question=questions)
def test_a_rule_that_is_switched_off_says_nothing(rule: EntryRule | SizeRule, question: EntryQuestion) -> None:
    without = switched_off(question, rule.key)
    said = rule.judge(without) if isinstance(rule, EntryRule) else rule.judge(without, Decimal(5))
    assert said is None


GONE: list[tuple[str, Callable[[EntryQuestion], EntryQuestion]]] = [
    (name, lambda question, name=name: replace(question, facts=replace(question.facts, **{name: None})))  # type: ignore[misc]
    for name in ("day_start_equity", "day_low_equity", "peak_equity", "activity", "trades", "volatility_pct")
]


@pytest.mark.parametrize(("name", "forget"), [*GONE, ("wallet", lambda question: replace(question, wallet=None))])
@given(question=questions)
def test_forgetting_a_number_never_turns_a_refusal_into_an_entry(
    name: str, forget: Callable[[EntryQuestion], EntryQuestion], question: EntryQuestion
) -> None:
    del name
    if decide_entry(question, "run-1").denial is not None:
        assert decide_entry(forget(question), "run-1").intent is None


@given(questions, st.sampled_from([Decimal(8_000), Decimal(9_000)]))
def test_less_equity_never_enters_more(question: EntryQuestion, equity: Decimal) -> None:
    intent = decide_entry(question, "run-1").intent
    poorer = decide_entry(replace(question, wallet=usdt_wallet(equity, WAVE)), "run-1").intent
    if poorer is not None:
        assert intent is not None
        assert poorer.quantity <= intent.quantity


@pytest.mark.parametrize("rule", SWITCHED, ids=lambda rule: rule.name)
def test_the_key_of_a_rule_is_a_limit(rule: EntryRule | SizeRule) -> None:
    section, _, name = rule.key.rpartition(".")
    holder = attrgetter(section)(LIMITS) if section else LIMITS
    assert name in {spec.name for spec in fields(holder)}


def test_every_rule_has_a_name_of_its_own() -> None:
    names = [rule.name for rule in (*ENTRY_RULES, *SIZE_RULES)]
    assert len(set(names)) == len(names)

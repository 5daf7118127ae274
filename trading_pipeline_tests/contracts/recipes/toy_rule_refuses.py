"""The toy rule at the gate; runs only where the recipe has put it."""

from dataclasses import replace

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.risk.gate import decide_entry
from trading_pipeline_tests.testkit.gate_questions import PLAN, QUESTION


def test_the_gate_asks_the_rule() -> None:
    tulips = replace(QUESTION, plan=replace(PLAN, instrument_id=InstrumentId("TULIP.TOY")))
    denial = decide_entry(tulips, "run-1").denial
    assert denial is not None
    assert denial.rule == "tulips"


def test_the_gate_admits_what_no_rule_is_against() -> None:
    intent = decide_entry(QUESTION, "run-1").intent
    assert intent is not None
    assert intent.plan_id == PLAN.plan_id

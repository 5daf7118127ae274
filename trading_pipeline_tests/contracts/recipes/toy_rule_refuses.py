"""The toy rule at the gate; runs only where the recipe has put it."""

from dataclasses import replace

import pytest

from trading_pipeline.domain.model.errors import OrderDenied
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.risk.gate import decide_entry
from trading_pipeline_tests.domain.risk.test_gate import PLAN, QUESTION


def test_the_gate_asks_the_rule() -> None:
    tulips = replace(QUESTION, plan=replace(PLAN, instrument_id=InstrumentId("TULIP.TOY")))
    with pytest.raises(OrderDenied) as denial:
        decide_entry(tulips, "run-1")
    assert denial.value.rule == "tulips"


def test_the_gate_admits_what_no_rule_is_against() -> None:
    assert decide_entry(QUESTION, "run-1").plan_id == PLAN.plan_id

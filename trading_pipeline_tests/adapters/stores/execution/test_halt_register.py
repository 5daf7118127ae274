"""Halts that stand."""

from sqlalchemy import Engine

from trading_pipeline.adapters.stores.execution.risk_store import PostgresHaltRegister
from trading_pipeline.domain.model.halts import Halt, HaltScope
from trading_pipeline_tests.testkit.execution_lab import WAVE

PLAIN = Halt(HaltScope("all"), "look first", WAVE)
FLATTENING = Halt(HaltScope("all"), "get out", WAVE, flatten=True)


def test_a_halt_that_stands_keeps_its_reason_and_may_begin_to_flatten(database: Engine) -> None:
    halts = PostgresHaltRegister(database)
    assert halts.halt(PLAIN)
    assert not halts.halt(FLATTENING)
    assert halts.halts() == [Halt(HaltScope("all"), "look first", WAVE, flatten=True)]


def test_a_halt_that_flattens_goes_on_when_another_does_not(database: Engine) -> None:
    halts = PostgresHaltRegister(database)
    halts.halt(FLATTENING)
    halts.halt(PLAIN)
    assert halts.halts() == [FLATTENING]

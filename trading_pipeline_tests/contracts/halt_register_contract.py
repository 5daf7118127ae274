"""What ``HaltRegister`` promises, whoever keeps it."""

from datetime import timedelta

from trading_pipeline.domain.model.halts import ALL, Halt, HaltScope
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.ports.stores.execution.risk_store import HaltRegister
from trading_pipeline_tests.testkit.builders import ACCOUNT, START

PLAIN = Halt(ALL, "look first", START, run_id="run-1")
FLATTENING = Halt(ALL, "get out", START, flatten=True)
BTC = InstrumentId("BTCUSDT.BYBIT")


class HaltRegisterContract:
    """Give the fixture ``halts``, which is empty."""

    def test_a_halt_is_read_back_whole(self, halts: HaltRegister) -> None:
        assert halts.halts() == []
        assert halts.halt(PLAIN)
        assert halts.halts() == [PLAIN]

    def test_a_halt_that_stands_keeps_its_reason_and_may_begin_to_flatten(self, halts: HaltRegister) -> None:
        halts.halt(PLAIN)
        assert not halts.halt(FLATTENING)
        assert halts.halts() == [Halt(ALL, "look first", START, flatten=True, run_id="run-1")]

    def test_a_halt_that_flattens_goes_on_when_another_does_not(self, halts: HaltRegister) -> None:
        halts.halt(FLATTENING)
        assert not halts.halt(PLAIN)
        assert halts.halts() == [FLATTENING]

    def test_scopes_stand_and_are_lifted_apart(self, halts: HaltRegister) -> None:
        scopes = [ALL, HaltScope(BTC), HaltScope.of(ACCOUNT, BTC), HaltScope(ACCOUNT)]
        for scope in scopes:
            assert halts.halt(Halt(scope, "because", START))
        assert halts.lift(HaltScope(BTC))
        assert {halt.scope for halt in halts.halts()} == set(scopes) - {HaltScope(BTC)}

    def test_halts_come_oldest_first(self, halts: HaltRegister) -> None:
        for hours, scope in ((2, "ADAUSDT.BYBIT"), (0, "SOLUSDT.BYBIT"), (1, "BTCUSDT.BYBIT")):
            halts.halt(Halt(HaltScope(scope), "because", START + timedelta(hours=hours)))
        assert [halt.scope for halt in halts.halts()] == ["SOLUSDT.BYBIT", "BTCUSDT.BYBIT", "ADAUSDT.BYBIT"]

    def test_only_what_stands_is_lifted_and_it_may_stand_again(self, halts: HaltRegister) -> None:
        assert not halts.lift(ALL)
        halts.halt(PLAIN)
        assert halts.lift(ALL)
        assert not halts.lift(ALL)
        assert halts.halt(FLATTENING)
        assert halts.halts() == [FLATTENING]

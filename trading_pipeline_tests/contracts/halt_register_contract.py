"""What ``HaltRegister`` promises, whoever keeps it."""

from datetime import timedelta

from trading_pipeline.domain.model.halts import ALL, Halt, HaltKind, HaltScope
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

    def test_a_standing_halt_may_begin_to_flatten(self, halts: HaltRegister) -> None:
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

    def test_halts_of_a_scope_stand_beside_each_other_one_a_kind(self, halts: HaltRegister) -> None:
        scope, ends = HaltScope(ACCOUNT), START + timedelta(hours=12)
        kinds = [Halt(scope, f"a {kind}", START, kind=kind, until=ends) for kind in HaltKind]
        assert [halts.halt(one) for one in kinds] == [True] * len(kinds)
        assert not halts.halt(Halt(scope, "another", START, kind=HaltKind.PAUSE))
        assert sorted(halts.halts(), key=str) == sorted(kinds, key=str)

    def test_whoever_lifts_a_scope_leaves_its_circuit_breaker(self, halts: HaltRegister) -> None:
        for kind in HaltKind:
            halts.halt(Halt(HaltScope(ACCOUNT), "because", START, kind=kind))
        assert halts.lift(HaltScope(ACCOUNT))
        assert {halt.kind for halt in halts.halts()} == {HaltKind.CIRCUIT_SOFT, HaltKind.CIRCUIT_HARD}
        assert not halts.lift(HaltScope(ACCOUNT))
        assert halts.lift(HaltScope(ACCOUNT), HaltKind.CIRCUIT_SOFT)
        assert [halt.kind for halt in halts.halts()] == [HaltKind.CIRCUIT_HARD]

    def test_what_is_over_ends_for_its_own_account(self, halts: HaltRegister) -> None:
        ends = START + timedelta(hours=1)
        soft = Halt(HaltScope(ACCOUNT), "because", START, kind=HaltKind.CIRCUIT_SOFT, until=ends)
        stay = [Halt(HaltScope(ACCOUNT), "look first", START), Halt(HaltScope(BTC), "because", START, until=ends)]
        for halt in (soft, *stay):
            halts.halt(halt)
        assert halts.end(ACCOUNT, ends - timedelta(microseconds=1)) == []
        assert halts.end(ACCOUNT, ends) == [soft]
        assert sorted(halts.halts(), key=str) == sorted(stay, key=str)

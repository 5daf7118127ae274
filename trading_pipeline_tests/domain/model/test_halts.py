"""What a halt covers, and how people name its scope."""

from datetime import UTC, datetime

import pytest

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.halts import ALL, Halt, HaltScope, scope_named
from trading_pipeline.domain.model.identity import AccountId, InstrumentId
from trading_pipeline_tests.testkit.builders import ACCOUNT

BTC = InstrumentId("BTCUSDT.BYBIT")
OTHER = AccountId("BYBIT:1002:simulated")
KNOWN = ("ADAUSDT.BYBIT", "BTCUSDT.BYBIT")


@pytest.mark.parametrize(
    ("scope", "covered"),
    [
        ("all", True),
        ("BTCUSDT.BYBIT", True),
        ("ADAUSDT.BYBIT", False),
        ("BTCUSDT.GATEIO", False),
        (ACCOUNT, True),
        (OTHER, False),
        (f"{ACCOUNT}/BTCUSDT.BYBIT", True),
        (f"{ACCOUNT}/ADAUSDT.BYBIT", False),
        (f"{OTHER}/BTCUSDT.BYBIT", False),
    ],
)
def test_a_halt_covers_its_instrument_or_all(scope: str, covered: bool) -> None:
    assert HaltScope.parse(scope).covers(ACCOUNT, BTC) is covered


@pytest.mark.parametrize("account_id", [None, ACCOUNT])
@pytest.mark.parametrize("instrument_id", [None, BTC])
def test_a_scope_is_read_back_as_it_was_made(account_id: AccountId | None, instrument_id: InstrumentId | None) -> None:
    scope = HaltScope.parse(HaltScope.of(account_id, instrument_id))
    assert (scope.account_id, scope.instrument_id) == (account_id, instrument_id)


@pytest.mark.parametrize(
    "text", ["BTCUSDT", "BTCUSDT.bybit", "BYBIT:1001", "BYBIT:1001:real", f"{ACCOUNT}/BTCUSDT", ""]
)
def test_a_scope_of_nothing_that_there_is_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError):
        HaltScope.parse(text)


@pytest.mark.parametrize(
    ("text", "scope"),
    [("all", "all"), ("BTCUSDT", "BTCUSDT.BYBIT"), ("BTCUSDT.BYBIT", "BTCUSDT.BYBIT"), (" ADAUSDT ", "ADAUSDT.BYBIT")],
)
def test_a_scope_is_written_short_or_in_full(text: str, scope: str) -> None:
    assert scope_named(text, "bybit", KNOWN, ()) == scope


@pytest.mark.parametrize(("known", "halted"), [((*KNOWN, ACCOUNT), ()), (KNOWN, (ACCOUNT,))], ids=["known", "halted"])
def test_an_account_is_a_scope_of_its_own(known: tuple[str, ...], halted: tuple[str, ...]) -> None:
    assert scope_named(ACCOUNT, "bybit", known, halted) == ACCOUNT


@pytest.mark.parametrize(
    ("halted", "scope"),
    [
        ([f"{ACCOUNT}/{BTC}"], f"{ACCOUNT}/{BTC}"),
        ([BTC, f"{ACCOUNT}/{BTC}"], BTC),
        ([f"{ACCOUNT}/ADAUSDT.BYBIT"], BTC),
    ],
)
def test_a_halt_in_one_account_is_named_by_its_symbol(halted: list[str], scope: str) -> None:
    assert scope_named("BTCUSDT", "bybit", KNOWN, halted) == scope


def test_a_symbol_that_is_halted_in_two_accounts_is_not_enough() -> None:
    halted = [f"{ACCOUNT}/{BTC}", f"{OTHER}/{BTC}"]
    with pytest.raises(ConfigurationError, match=r"several accounts; name one of BYBIT:1001.*, BYBIT:1002"):
        scope_named("BTCUSDT", "bybit", KNOWN, halted)
    assert scope_named(halted[1], "bybit", KNOWN, halted) == halted[1]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("BTCUSD", "did you mean BTCUSDT.BYBIT"),
        ("BTCUSDT.GATEIO", "did you mean BTCUSDT.BYBIT"),
        ("zzz", "there are ADAUSDT.BYBIT, BTCUSDT.BYBIT"),
        ("", "without a symbol"),
    ],
)
def test_a_scope_that_means_nothing_is_named_with_the_nearest(text: str, hint: str) -> None:
    with pytest.raises(ConfigurationError, match=hint):
        scope_named(text, "bybit", KNOWN, ())


def test_the_kill_switch_covers_everything() -> None:
    assert (ALL.account_id, ALL.instrument_id) == (None, None)


def test_a_halt_closes_nothing_unless_it_says_so() -> None:
    assert not Halt(ALL, "maintenance", datetime(2025, 11, 3, tzinfo=UTC)).flatten

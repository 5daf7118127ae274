"""What a halt covers, and how people name its scope."""

import pytest

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.risk.halts import Halt, scope_named
from trading_pipeline_tests.testkit.execution_lab import WAVE

KNOWN = ("ADAUSDT.BYBIT", "BTCUSDT.BYBIT")


@pytest.mark.parametrize(
    ("scope", "covered"),
    [("all", True), ("BTCUSDT.BYBIT", True), ("ADAUSDT.BYBIT", False), ("BTCUSDT.GATEIO", False)],
)
def test_a_halt_covers_its_instrument_or_all_of_them(scope: str, covered: bool) -> None:
    assert Halt(scope, "operator", WAVE).covers(InstrumentId("BTCUSDT.BYBIT")) is covered


@pytest.mark.parametrize(
    ("text", "scope"),
    [("all", "all"), ("BTCUSDT", "BTCUSDT.BYBIT"), ("BTCUSDT.BYBIT", "BTCUSDT.BYBIT"), (" ADAUSDT ", "ADAUSDT.BYBIT")],
)
def test_a_scope_is_written_short_or_in_full(text: str, scope: str) -> None:
    assert scope_named(text, "bybit", KNOWN) == scope


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
        scope_named(text, "bybit", KNOWN)

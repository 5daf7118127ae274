"""A decision has one name for ever."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.signals import Bias, Signal, SignalKind, decision_key
from trading_pipeline.domain.model.timeframes import Timeframe

CLOSE = datetime.fromtimestamp(1_700_006_400, UTC)
KEYS = {
    # printf 'ema_atr|BTCUSDT|1h|1700006399999|LONG' | sha256sum, and likewise the others
    (Bias.LONG, SignalKind.ENTRY): "6aca147bb83f5da45b4b711a50353d68bbb9ec5e54052ecea4fdef1b111f3f90",
    (Bias.SHORT, SignalKind.ENTRY): "79e6064b372adb2508038c784eff2337cc59fe6b9bbae77f57a48239a6a9b5fe",
    (Bias.LONG, SignalKind.EXIT): "ff676567e8dc9e4258f33d0594b50f04c1d42b4dc2649488f009608b873ed02e",
    (Bias.SHORT, SignalKind.EXIT): "7d96941b08ad00fb1bb9dbd9df407149ec88b2f4787013607cb5e61d374be804",
}


@pytest.mark.parametrize(("bias", "kind"), KEYS)
def test_entries_and_exits_have_names_of_their_own(bias: Bias, kind: SignalKind) -> None:
    assert decision_key("ema_atr", "BTCUSDT", Timeframe.H1, CLOSE, bias, kind) == KEYS[bias, kind]


def test_an_entry_is_named_as_before_there_were_exits() -> None:
    key = decision_key("ema_atr", "BTCUSDT", Timeframe.H1, CLOSE, Bias.LONG)
    assert key == KEYS[Bias.LONG, SignalKind.ENTRY]


def test_an_exit_has_no_stop_to_size_by() -> None:
    leaving = Signal(
        signal_id="x",
        strategy="ema_atr",
        strategy_version="abc",
        instrument_id="BTCUSDT",
        timeframe=Timeframe.H1,
        close_time=CLOSE,
        bias=Bias.LONG,
        entry_price=Decimal(100),
        stop_price=None,
        score=Decimal(0),
        kind=SignalKind.EXIT,
    )
    with pytest.raises(DataError, match=r"BTCUSDT 1h 2023-11-15T00:00:00.*an exit has no stop"):
        leaving.entry_stop  # noqa: B018 - reading it is what is tested

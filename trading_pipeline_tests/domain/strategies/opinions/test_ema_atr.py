import json

import pytest

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.strategies.opinions.ema_atr import EmaAtr, EmaAtrParameters
from trading_pipeline_tests.domain.strategies.bars import bars_closing, random_bars

FALL_THEN_RISE = [100.0 - i for i in range(20)] + [81.0 + 3 * i for i in range(20)]
SMALL = EmaAtrParameters(fast_period=3, slow_period=6, atr_period=3)


def test_an_upward_cross_is_one_stopped_long() -> None:
    bars = bars_closing(FALL_THEN_RISE)
    signals = EmaAtr(SMALL).signals(bars)
    assert list(signals["bias"]) == ["long"]
    row = signals.iloc[0]
    assert row["entry_price"] == bars["close"][row["bar_index"]]
    assert row["stop_price"] == pytest.approx(row["entry_price"] - 2 * row["details"]["atr"])


def test_a_cross_downwards_is_a_short_with_the_stop_above() -> None:
    mirrored = bars_closing([200.0 - close for close in FALL_THEN_RISE])
    signals = EmaAtr(SMALL).signals(mirrored)
    assert list(signals["bias"]) == ["short"]
    assert signals["stop_price"][0] > signals["entry_price"][0]


def test_details_can_be_written_as_json() -> None:
    signals = EmaAtr().signals(random_bars(500))
    assert len(signals) > 5
    assert all(json.loads(json.dumps(details)) == details for details in signals["details"])


@pytest.mark.parametrize("count", [0, 1, 26])
def test_too_few_bars_for_the_averages_give_no_signal(count: int) -> None:
    assert EmaAtr().signals(random_bars(500)[:count]).empty


def test_fast_average_must_be_the_faster() -> None:
    with pytest.raises(ConfigurationError, match="below slow_period = 26"):
        EmaAtrParameters(fast_period=26)

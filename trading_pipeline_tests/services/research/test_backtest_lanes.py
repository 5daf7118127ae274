"""What the engine is given of each instrument, and which bars are refused before."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.services.research.backtest_lanes import lanes_of, seen_bars
from trading_pipeline.services.research.research_window import Window
from trading_pipeline_tests.domain.strategies.golden import golden_bars
from trading_pipeline_tests.testkit.research import a_request

START, END = datetime(2024, 4, 1, tzinfo=UTC), datetime(2024, 4, 15, tzinfo=UTC)


def test_a_lane_signals_in_its_window_alone() -> None:
    request = a_request(("ETHUSDT.BYBIT", "BTCUSDT.BYBIT"), window=Window(START, END))
    runs = [replace(run, bars=seen_bars(request, run)) for run in request.runs]
    lanes = lanes_of(request, runs)
    assert [lane.instrument_id for lane in lanes] == ["BTCUSDT.BYBIT", "ETHUSDT.BYBIT"]
    for lane in lanes:
        bars = lane.given.bars
        signalled = bars.open_time_ms[lane.given.signals.bar_index]
        assert len(bars) == 1_700 + 14 * 24
        assert len(signalled)
        assert signalled.min() >= START.timestamp() * 1000


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bars": {"BTCUSDT.BYBIT": golden_bars(1, 20)}}, "BTCUSDT.BYBIT 1h: 20 bars: ema_cross needs"),
        ({"window": Window(datetime(2030, 1, 1, tzinfo=UTC))}, "fewer than two bars from 2030-01-01"),
        ({"window": Window(end=datetime(2024, 1, 1, 9, tzinfo=UTC))}, "9 bars: ema_cross needs"),
    ],
)
def test_bars_without_a_possible_trade_are_refused(changes: dict[str, object], message: str) -> None:
    request = a_request(**changes)
    with pytest.raises(DataError, match=message):
        seen_bars(request, request.runs[0])

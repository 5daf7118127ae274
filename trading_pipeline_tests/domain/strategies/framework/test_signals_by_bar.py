import numpy as np
import pytest

from trading_pipeline.domain.strategies.divergence.divergence import Divergence, DivergenceParameters
from trading_pipeline.domain.strategies.framework.arrays import BarArrays, answers_in_arrays
from trading_pipeline.domain.strategies.framework.higher_timeframes import with_resampled
from trading_pipeline.domain.strategies.framework.signals_by_bar import (
    SignalsByBar,
    decides_in_arrays,
    signals_at,
    signals_of_all_bars,
    signals_of_parts,
)
from trading_pipeline.domain.strategies.registry import strategy_named, strategy_names
from trading_pipeline_tests.domain.strategies.bars import random_bars
from trading_pipeline_tests.domain.strategies.golden import golden_bars

BARS = random_bars(1_200, seed=17)
FRAMED = ["avi5", "fused_score"]
"""The one has signals of its own, the other looks at higher timeframes."""


@pytest.mark.parametrize("name", strategy_names())
def test_a_part_shown_in_arrays_is_answered_like_its_frame(name: str) -> None:
    strategy = strategy_named(name, {})
    assert decides_in_arrays(strategy) == (name not in FRAMED)
    part, since = range(300, 1_100), 700
    whole = signals_of_all_bars(strategy, BARS[part.start : part.stop].reset_index(drop=True))
    said = signals_of_parts(strategy, BARS)(part, since)
    assert said.places() == {bar + part.start for bar in whole.places() if bar + part.start >= since}
    assert said.exits == {bar: whole.exits[bar - part.start] for bar in said.exits}
    for bar, rows in said.signals.items():
        expected = whole.signals[bar - part.start]
        assert rows.keys() == expected.keys()
        assert all(rows[bias]["stop_price"] == expected[bias]["stop_price"] for bias in rows)


@pytest.mark.parametrize("name", strategy_names())
def test_what_is_said_at_wanted_bars_is_said_of_all_bars_too(name: str) -> None:
    strategy = strategy_named(name, {})
    bars = with_resampled(strategy, BARS)
    wanted = np.zeros(len(bars), np.bool_)
    wanted[::2] = True
    for said, whole in zip(
        signals_at(strategy, bars, wanted), (strategy.signals(bars), strategy.exits(bars)), strict=True
    ):
        rows = [frame[wanted[frame["bar_index"].to_numpy(np.int64)]].to_dict("records") for frame in (said, whole)]
        assert rows[0] == rows[1]
        assert answers_in_arrays(strategy) <= (len(said) == len(rows[1])), "an unwanted row is left out"


def test_positions_count_from_the_beginning_of_the_whole_frame() -> None:
    strategy, bars = Divergence(DivergenceParameters(min_confirmations=0)), golden_bars(17)
    said = signals_of_parts(strategy, bars)(range(20, 700), 0)
    for bar, rows in said.signals.items():
        for row in rows.values():
            details = row["details"]
            assert isinstance(details, dict)
            third = details["pivots"][2]
            assert third["index"] <= bar - 2
            assert third["price"] in (bars["low"][third["index"]], bars["high"][third["index"]])
    assert said.signals


def test_nothing_said_has_no_places() -> None:
    assert SignalsByBar({}, {}).places() == set()


def test_a_part_of_arrays_takes_along_what_stands_beside_them() -> None:
    bars = BarArrays.of(random_bars(50).assign(rsi_14_4h=np.arange(50.0)))
    part = bars.part(range(10, 13))
    assert part.close.tolist() == bars.close[10:13].tolist()
    assert part.open_time_ms.tolist() == bars.open_time_ms[10:13].tolist()
    assert part.higher["rsi_14_4h"].tolist() == [10.0, 11.0, 12.0]

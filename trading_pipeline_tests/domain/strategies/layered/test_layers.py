import numpy as np
import pytest

from trading_pipeline.domain.strategies.framework.arrays import BarArrays
from trading_pipeline.domain.strategies.layered.layers import Cycles, Layers, follow_layers
from trading_pipeline_tests.domain.strategies.bars import bars_closing

ALWAYS = (5, -1.0, 0.5)


def _layers(
    closes: list[float],
    limits: tuple[int, float, float],
    direction: int = 1,
    cycle: int = 100,
    triggers: tuple[int, ...] | None = None,
) -> Layers:
    bars, places = BarArrays.of(bars_closing(closes)), np.arange(len(closes))
    cycles = Cycles(places % cycle, places % cycle == cycle - 1)
    trigger = np.ones(len(closes), dtype=np.bool_) if triggers is None else np.isin(places, triggers)
    return follow_layers(bars, trigger, cycles, direction, limits)


def test_layers_stop_at_the_most_allowed() -> None:
    layers = _layers([10.0] * 4, (3, -1.0, 0.5))
    assert layers.opened.tolist() == [1, 2, 3, 0]
    assert layers.mean_entry.tolist() == [10.0] * 4


def test_a_further_layer_needs_the_step_beyond_the_last_one() -> None:
    assert _layers([100.0, 99, 98, 97, 96], (5, 0.02, 0.5)).opened.tolist() == [1, 0, 2, 0, 3]
    assert _layers([100.0, 101, 102, 105], (5, 0.02, 0.5), direction=-1).opened.tolist() == [1, 0, 2, 3]


def test_a_trigger_opens_the_first_layer_and_the_step_the_others() -> None:
    closes = [100.0, 99, 97, 96, 95]
    assert _layers(closes, (5, 0.02, 0.5), triggers=(1, 3)).opened.tolist() == [0, 1, 2, 0, 3]
    assert _layers(closes, (5, -1.0, 0.5), triggers=(1, 3)).opened.tolist() == [0, 1, 0, 2, 0]


def test_all_close_together_at_the_target_from_the_mean() -> None:
    layers = _layers([100.0, 90.0, 99.7, 99.8], (2, 0.02, 0.05))
    assert layers.mean_entry[1] == 95
    assert layers.closed.tolist() == [False, False, False, True]


def test_a_bar_that_closes_opens_nothing_and_the_next_may() -> None:
    layers = _layers([100.0, 110.0, 110.0], (5, -1.0, 0.05))
    assert layers.opened.tolist() == [1, 0, 1]


def test_the_end_of_a_cycle_closes_and_forgets() -> None:
    layers = _layers([10.0] * 6, ALWAYS, cycle=3)
    assert layers.closed.tolist() == [False, False, True, False, False, True]
    assert layers.opened.tolist() == [1, 2, 0, 1, 2, 0]


@pytest.mark.parametrize("start", ["2024-01-01 00:00", "2024-01-01 07:00"])
def test_cycles_lie_at_the_same_times_wherever_bars_start(start: str) -> None:
    frame = bars_closing([10.0] * 40)
    cycles = Cycles.of(BarArrays.of(frame), 12)
    late = frame["open_time"] >= start
    cut = Cycles.of(BarArrays.of(frame[late]), 12)
    known = cut.place >= 0
    assert cut.place[known].tolist() == cycles.place[late][known].tolist()
    assert cut.ends[known].tolist() == cycles.ends[late][known].tolist()


def test_a_missing_last_bar_closes_at_the_first_bar_after_it() -> None:
    frame = bars_closing([10.0] * 30)
    hours = frame["open_time"].dt.hour
    cycles = Cycles.of(BarArrays.of(frame[hours != 11]), 12)
    assert np.flatnonzero(cycles.ends).tolist() == [11, 22]

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pytest

from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.strategies.arrays import ArrayStrategy, BarArrays, Decisions, Leaving
from trading_pipeline.domain.strategies.checks import look_ahead, recursive_warmup, repaint
from trading_pipeline.domain.strategies.ema_atr import EmaAtr
from trading_pipeline.domain.strategies.parameters import Parameters
from trading_pipeline_tests.domain.strategies.bars import random_bars


@dataclass(frozen=True)
class Cheat(ArrayStrategy):
    """Long at bars chosen by ``flags``, with the stop given by ``stops``; both see all bars."""

    name: ClassVar[str] = "cheat"
    kind: str = "honest"
    parameters: Parameters = field(default_factory=Parameters)

    @property
    def warmup_bars(self) -> int:
        return 2

    def decide(self, bars: BarArrays) -> Decisions:
        close = bars.close
        at = np.arange(1, len(close))
        if self.kind == "sees_next":
            at = at[:-1][close[2:] > close[1:-1]]
        stop = close[at] * 0.9
        if self.kind == "stop_from_future":
            stop = np.full(len(at), close.min() * 0.9)
        if self.kind == "withdraws":
            at = at[close[at] < close.mean()]
            stop = close[at] * 0.9
        if self.kind == "counts_from_start":
            at = at[at % 7 == 0]
            stop = close[at] * 0.9
        return Decisions(at, np.ones(len(at), dtype=np.int64), close[at], stop, np.full(len(at), 50.0))

    def leave(self, bars: BarArrays) -> Leaving:
        falls = np.append(np.diff(bars.close) < 0, False)
        return Leaving(falls & (self.kind == "exits_before_a_fall"), np.zeros(len(bars), dtype=np.bool_))


@pytest.mark.parametrize(
    ("kind", "column"), [("sees_next", "signal"), ("stop_from_future", "stop_price"), ("withdraws", "signal")]
)
def test_a_strategy_that_looks_ahead_is_found_out_with_bar_and_column(kind: str, column: str) -> None:
    bars = random_bars(300, volatility=0.02)
    found = look_ahead(Cheat(kind), bars) + repaint(Cheat(kind), bars)
    assert column in {difference.column for difference in found}
    first = found[0]
    assert first.close_time == bars["close_time"][first.bar_index]
    assert f"bar {first.bar_index} (" in str(first)


def test_an_exit_that_waits_for_the_next_bar_is_found_out() -> None:
    found = look_ahead(Cheat("exits_before_a_fall"), random_bars(300))
    assert {difference.column for difference in found} == {"exit"}


def test_a_signal_that_counts_from_the_first_bar_is_found_out() -> None:
    found = recursive_warmup(Cheat("counts_from_start"), random_bars(300), warmup=100)
    assert {difference.check for difference in found} == {"recursive_warmup"}
    assert all(difference.bar_index >= 101 for difference in found)


def test_an_honest_strategy_passes_all_three() -> None:
    bars = random_bars(2200)
    strategy = EmaAtr()
    assert look_ahead(strategy, bars) == repaint(strategy, bars) == recursive_warmup(strategy, bars) == []


def test_too_few_bars_are_refused() -> None:
    with pytest.raises(DataError, match="ema_atr needs 28"):
        look_ahead(EmaAtr(), random_bars(26))
    with pytest.raises(DataError, match="need more than 1701"):
        recursive_warmup(EmaAtr(), random_bars(1000))

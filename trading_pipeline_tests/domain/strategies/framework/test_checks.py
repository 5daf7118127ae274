from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.strategies.framework.arrays import ArrayStrategy, BarArrays, Decisions, Flags, Leaving
from trading_pipeline.domain.strategies.framework.checks import (
    QUIET_BARS,
    QUIET_BARS_IN_FRAMES,
    Cuts,
    look_ahead,
    recursive_warmup,
    repaint,
    without_future,
)
from trading_pipeline.domain.strategies.framework.parameters import Parameters
from trading_pipeline.domain.strategies.opinions.ema_atr import EmaAtr
from trading_pipeline.domain.strategies.opinions.vwap_reversion import VwapReversion
from trading_pipeline_tests.domain.strategies.bars import bars_closing, random_bars


@dataclass(frozen=True)
class Cheat(ArrayStrategy):
    """Long at bars chosen by ``kind``, with a stop that depends on it; both see all bars."""

    name: ClassVar[str] = "cheat"
    kind: str = "honest"
    parameters: Parameters = field(default_factory=Parameters)

    @property
    def warmup_bars(self) -> int:
        return 2

    def decide(self, bars: BarArrays) -> Decisions:
        close = bars.close
        at = np.flatnonzero(self._chosen(bars) & (np.arange(len(bars)) > 0))
        stop = np.full(len(at), close.min() * 0.9) if self.kind == "stop_from_future" else close[at] * 0.9
        return Decisions(at, np.ones(len(at), dtype=np.int64), close[at], stop, np.full(len(at), 50.0))

    def _chosen(self, bars: BarArrays) -> Flags:
        """Bars with a signal."""
        close, place = bars.close, np.arange(len(bars))
        every_fourth_hour = bars.open_time_ms // 3_600_000 % 4 == 0
        jumps_next = np.append(close[1:] > close[:-1] * 1.04, False)
        kinds = {
            "honest": every_fourth_hour,
            "sees_next": np.append(close[1:] > close[:-1], False),
            "stop_from_future": np.ones(len(bars), dtype=np.bool_),
            "withdraws": close < close.mean(),
            "counts_from_start": place % 7 == 0,
            "sees_few": every_fourth_hour | jumps_next,
            "withdraws_few": every_fourth_hour & ~jumps_next,
            "exits_before_a_fall": every_fourth_hour,
        }
        return kinds[self.kind]

    def leave(self, bars: BarArrays) -> Leaving:
        falls = np.append(np.diff(bars.close) < 0, False)
        return Leaving(falls & (self.kind == "exits_before_a_fall"), np.zeros(len(bars), dtype=np.bool_))


@dataclass(frozen=True)
class FramedCheat(Cheat):
    """The same, asked with frames because its signals might be more than its decisions."""

    def signals(self, bars: pd.DataFrame) -> pd.DataFrame:
        return super().signals(bars)


def bars_that_jump(count: int, jumps: list[int]) -> pd.DataFrame:
    """Hourly bars whose close moves by half a percent, but by 6 % after each of ``jumps``."""
    steps = np.where(np.arange(1, count) % 2, 1.005, 1 / 1.005)
    steps[jumps] = 1.06
    return bars_closing((100 * np.cumprod(np.r_[1.0, steps])).tolist())


@pytest.mark.parametrize(
    ("kind", "column"), [("sees_next", "signal"), ("stop_from_future", "stop_price"), ("withdraws", "signal")]
)
def test_looking_ahead_is_found_by_bar_and_column(kind: str, column: str) -> None:
    bars = random_bars(300, volatility=0.02)
    found = look_ahead(Cheat(kind), bars) + repaint(Cheat(kind), bars)
    assert column in {difference.column for difference in found}
    first = found[0]
    assert first.close_time == bars["close_time"][first.bar_index]
    assert f"bar {first.bar_index} (" in str(first)


JUMPS = [103, 337, 561]


def test_each_signal_from_the_future_is_named() -> None:
    answer = without_future(Cheat("sees_few"), bars_that_jump(700, JUMPS))
    # Of 700 hours from midnight 174 after the first are fourth ones; the three before a jump are not among them.
    assert (answer.cuts.eventful, answer.cuts.all_eventful) == (177, 177)
    assert [(each.bar_index, each.column, each.expected, each.found) for each in answer.look_ahead] == [
        (bar, "signal", "long", "none") for bar in JUMPS
    ]
    assert answer.repaint == []


def test_three_signals_withdrawn_a_bar_later_are_all_named() -> None:
    withdrawn = [104, 336, 560]
    answer = without_future(Cheat("withdraws_few"), bars_that_jump(700, withdrawn))
    assert [(each.bar_index, each.column, each.expected, each.found) for each in answer.repaint] == [
        (bar, "signal", "none", "long") for bar in withdrawn
    ]
    assert answer.look_ahead == []


@pytest.mark.parametrize(("kind", "jumps"), [("sees_few", [53, 117]), ("withdraws_few", [52, 116])])
def test_a_strategy_wanting_frames_is_found_out_too(kind: str, jumps: list[int]) -> None:
    answer = without_future(FramedCheat(kind), bars_that_jump(160, jumps))
    assert [each.bar_index for each in answer.look_ahead + answer.repaint] == jumps


def test_a_late_signal_from_the_future_is_named() -> None:
    answer = without_future(Cheat("sees_few"), bars_that_jump(2_500, [2_301]))
    assert [each.bar_index for each in answer.look_ahead] == [2_301]


def test_a_rewritten_stop_is_both_seen_ahead_and_repainted() -> None:
    answer = without_future(Cheat("stop_from_future"), bars_closing([100.0, 100.0, 100.0, 90.0, 95.0]))
    # 90 is known from bar 3 on; until then the lowest close is 100.
    for differences in (answer.look_ahead, answer.repaint):
        assert [(each.bar_index, each.expected, each.found) for each in differences] == [
            (1, "81.0", "90.0"),
            (2, "81.0", "90.0"),
        ]


def test_counting_from_the_first_bar_is_no_look_ahead() -> None:
    answer = without_future(Cheat("counts_from_start"), random_bars(2_000))
    assert answer.look_ahead == answer.repaint == []


def test_a_refused_stretch_is_asked_with_earlier_bars() -> None:
    bars = random_bars(2_400)
    bars.loc[300:, "volume"] = 0.0
    answer = without_future(VwapReversion(), bars, samples=20)
    assert answer.look_ahead == answer.repaint == []


def test_a_sample_says_that_it_is_one() -> None:
    answer = without_future(Cheat("sees_few"), bars_that_jump(700, JUMPS), samples=2)
    assert answer.look_ahead == []
    assert str(answer.cuts) == ("a sample of 4 of 699 bars: 2 of 177 with a signal or an exit, 2 of 522 others")


def test_an_answer_about_every_bar_says_so() -> None:
    cuts = without_future(Cheat("sees_few"), bars_that_jump(700, JUMPS)).cuts
    assert str(cuts) == "699 of 699 bars: 177 of 177 with a signal or an exit, 522 of 522 others"


def test_cuts_lie_evenly_among_the_bars_of_their_kind() -> None:
    cuts = Cuts.among(range(1, 11), {2, 3, 4, 9}, (2, 3))
    # Of 2, 3, 4, 9 the ends; of 1, 5, 6, 7, 8, 10 the ends and the one in the middle.
    assert cuts == Cuts([1, 2, 6, 9, 10], 2, 4, 10)


@pytest.mark.parametrize(
    ("strategy", "samples", "eventful", "others"),
    [
        (Cheat(), None, 30_000, QUIET_BARS),
        (FramedCheat(), None, 30_000, QUIET_BARS_IN_FRAMES),
        (Cheat(), 50, 50, 50),
        (Cheat(), 40_000, 30_000, 40_000),
    ],
)
def test_by_default_all_signals_are_asked(strategy: Cheat, samples: int | None, eventful: int, others: int) -> None:
    cuts = Cuts.of(strategy, 100_000, set(range(10, 90_010, 3)), samples)
    assert (cuts.eventful, len(cuts.ends) - cuts.eventful) == (eventful, others)
    assert (cuts.all_eventful, cuts.all_bars) == (30_000, 99_999)


def test_an_exit_that_waits_for_the_next_bar_is_found_out() -> None:
    bars = random_bars(300)
    found = look_ahead(Cheat("exits_before_a_fall"), bars)
    assert {difference.column for difference in found} == {"exit"}
    assert len(found) == (np.diff(bars["close"]) < 0).sum()


def test_a_signal_that_counts_from_the_first_bar_is_found_out() -> None:
    found = recursive_warmup(Cheat("counts_from_start"), random_bars(300), warmup=100)
    assert {difference.check for difference in found} == {"recursive_warmup"}
    assert all(difference.bar_index >= 101 for difference in found)


def test_an_honest_strategy_passes_all_three() -> None:
    bars = random_bars(2200)
    strategy = EmaAtr()
    answer = without_future(strategy, bars)
    assert answer.look_ahead == answer.repaint == recursive_warmup(strategy, bars) == []


def test_too_few_bars_are_refused() -> None:
    with pytest.raises(DataError, match="ema_atr needs 28"):
        look_ahead(EmaAtr(), random_bars(26))
    with pytest.raises(DataError, match="need more than 1701"):
        recursive_warmup(EmaAtr(), random_bars(1000))

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.strategies.framework.arrays import (
    ArrayStrategy,
    BarArrays,
    Decisions,
    decisions_with_atr_stop,
)
from trading_pipeline.domain.strategies.framework.checks import without_future
from trading_pipeline.domain.strategies.framework.higher_timeframes import (
    as_of_close,
    longer,
    with_higher,
    with_resampled,
)
from trading_pipeline.domain.strategies.framework.parameters import Parameters
from trading_pipeline.domain.strategies.registry import strategy_named
from trading_pipeline_tests.domain.strategies.bars import bars_closing, random_bars

LOW = bars_closing([1.0] * 9, "15m")
HIGH = bars_closing([10.0, 20.0, 30.0], "1h")[["close_time", "close"]]


@dataclass(frozen=True)
class Curious(ArrayStrategy):
    """Buys where the 1h close is above its own; wants 4h closes too."""

    name: ClassVar[str] = "curious"
    parameters: Parameters = field(default_factory=Parameters)
    warmup_bars: ClassVar[int] = 1
    higher_timeframes: ClassVar[tuple[Timeframe, ...]] = (Timeframe.H1, Timeframe.H4)

    def context(self, bars: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({"last": bars["close"], "peak": bars["high"].cummax()})

    def decide(self, bars: BarArrays) -> Decisions:
        above = bars.close < bars.higher["last_1h"]
        return decisions_with_atr_stop(bars, above.astype(np.int64), np.ones(len(bars)), 1.0, {})


class Clairvoyant(Curious):
    """The same, but its context says what the next higher bar will be."""

    def context(self, bars: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({"last": bars["close"].shift(-1)})


def test_a_higher_bar_is_seen_from_its_own_close_on() -> None:
    joined = as_of_close(LOW, HIGH, Timeframe.H1)
    assert joined["close_1h"].tolist()[3:] == [10.0] * 4 + [20.0] * 2
    assert joined["close_1h"].isna().tolist()[:3] == [True] * 3
    assert joined[list(LOW)].equals(LOW)


def test_later_higher_bars_change_nothing_earlier() -> None:
    pd.testing.assert_frame_equal(as_of_close(LOW, HIGH[:2], Timeframe.H1), as_of_close(LOW, HIGH, Timeframe.H1))


def test_an_older_bar_replaces_no_missing_newest() -> None:
    joined = as_of_close(LOW, HIGH.drop(index=1), Timeframe.H1)
    assert joined["close_1h"].tolist()[3:7] == [10.0] * 4
    assert joined["close_1h"].isna().tolist()[7:] == [True] * 2


@pytest.mark.parametrize("higher", [HIGH[::-1], pd.concat([HIGH, HIGH])])
def test_disordered_closes_are_refused(higher: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="higher bars repeat or are not ascending"):
        as_of_close(LOW, higher, Timeframe.H1)


def test_only_timeframes_above_the_bars_are_joined() -> None:
    assert longer(Curious(), Timeframe.M15) == [Timeframe.H1, Timeframe.H4]
    assert longer(Curious(), Timeframe.H1) == [Timeframe.H4]
    assert longer(Curious(), Timeframe.D1) == []


def test_timeframes_that_nobody_has_are_absent() -> None:
    bars = random_bars(32)
    framed = with_higher(Curious(), bars, {Timeframe.H4: random_bars(2, timeframe="4h")}, Timeframe.M15)
    assert [name for name in framed if name not in bars] == ["last_4h", "peak_4h"]


def test_higher_bars_are_made_of_the_bars_themselves() -> None:
    bars = random_bars(40)
    framed = with_resampled(Curious(), bars)
    assert framed["last_4h"].dropna().tolist() == [bars["close"][15]] * 16 + [bars["close"][31]] * 9
    assert framed["peak_1h"][20] == bars["high"][:20].max()


def test_a_higher_bar_that_lacks_a_bar_is_unknown() -> None:
    framed = with_resampled(Curious(), random_bars(40).drop(index=5).reset_index(drop=True))
    unknown = framed.loc[framed["last_1h"].isna(), "close_time"].dt.strftime("%H:%M").tolist()
    assert unknown == ["00:15", "00:30", "00:45", "02:00", "02:15", "02:30", "02:45"]


def test_bars_without_higher_timeframes_stay_unchanged() -> None:
    bars = random_bars(40)
    assert with_resampled(strategy_named("ema_atr", {}), bars) is bars


def test_framing_again_changes_nothing() -> None:
    framed = with_resampled(Curious(), random_bars(40))
    pd.testing.assert_frame_equal(with_resampled(Curious(), framed), framed)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), start=st.integers(0, 15), end=st.integers(1, 150))
def test_cutting_the_bars_first_gives_the_frame_cut(seed: int, start: int, end: int) -> None:
    bars = random_bars(200, seed)[start:].reset_index(drop=True)
    pd.testing.assert_frame_equal(with_resampled(Curious(), bars[:end]), with_resampled(Curious(), bars)[:end])


def test_a_join_that_looks_ahead_is_found() -> None:
    bars = random_bars(400)
    honest = without_future(Curious(), bars, samples=20)
    assert honest.look_ahead == honest.repaint == []
    assert without_future(Clairvoyant(), bars, samples=20).look_ahead

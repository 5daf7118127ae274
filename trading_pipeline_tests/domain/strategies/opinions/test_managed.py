import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_pipeline.domain.model.errors import ConfigurationError, DataError
from trading_pipeline.domain.strategies.framework.arrays import BarArrays
from trading_pipeline.domain.strategies.framework.base import Strategy
from trading_pipeline.domain.strategies.framework.checks import recursive_warmup, without_future
from trading_pipeline.domain.strategies.framework.higher_timeframes import with_resampled
from trading_pipeline.domain.strategies.opinions.ema_cross import EmaCross
from trading_pipeline.domain.strategies.opinions.managed import Managed, ManagedParameters
from trading_pipeline.domain.strategies.opinions.opinion_strategy import OpinionStrategy
from trading_pipeline.domain.strategies.registry import strategy_class, strategy_named, strategy_names
from trading_pipeline_tests.domain.strategies.bars import random_bars
from trading_pipeline_tests.domain.strategies.golden import golden_bars

BARS = random_bars(1200)
OPINIONATED = [name for name in strategy_names() if issubclass(strategy_class(name), OpinionStrategy)]
MEMBERS = [name for name in OPINIONATED if name != "managed"]
THREE = {"members": "ema_cross,rsi_momentum,supertrend"}


def _managed(**parameters: object) -> Strategy:
    return strategy_named("managed", parameters)


@pytest.mark.parametrize("mode", ["first", "vote", "weighted"])
@pytest.mark.parametrize("name", ["ema_cross", "bollinger", "donchian_breakout"])
def test_a_set_of_one_decides_as_its_member(name: str, mode: str) -> None:
    together, alone = _managed(members=[name], mode=mode), strategy_named(name, {})
    columns = ["bar_index", "bias", "stop_price"]
    assert together.signals(BARS)[columns].equals(alone.signals(BARS)[columns])
    assert together.exits(BARS).equals(alone.exits(BARS))


def test_a_member_sees_the_higher_timeframes_that_it_asks_for() -> None:
    together, alone = _managed(members="fused_score,ema_cross"), strategy_named("fused_score", {})
    assert together.higher_timeframes == alone.higher_timeframes
    bars = random_bars(6000)
    seen, unseen = together.signals(with_resampled(together, bars)), together.signals(bars)
    columns = ["bar_index", "bias", "stop_price"]
    heard = [_managed(members="fused_score", allow_short=False).signals(with_resampled(together, bars))[columns]]
    heard.append(alone.signals(with_resampled(alone, bars))[columns])
    assert len(heard[0]) > 0
    assert heard[0].equals(heard[1])
    assert not seen[columns].equals(unseen[columns])


def test_a_signal_tells_what_every_member_said() -> None:
    signals = _managed(**THREE, mode="weighted", weights="supertrend:2").signals(BARS)
    assert len(signals) > 0
    for bias, details in zip(signals["bias"], signals["details"], strict=True):
        said = {name: details[name] for name in ("ema_cross", "rsi_momentum", "supertrend")}
        balance = said["ema_cross"] + said["rsi_momentum"] + 2 * said["supertrend"]
        assert (balance > 0) == (bias == "long")
        assert details["buys"] - details["sells"] == pytest.approx(balance)


def test_the_order_of_the_members_decides_who_is_heard_first() -> None:
    one, other = (_managed(members=names).signals(BARS) for names in ("bollinger,ema_cross", "ema_cross,bollinger"))
    assert one["bias"].tolist() != other["bias"].tolist()


def test_least_confidence_silences_a_member() -> None:
    heard = _managed(members="ema_cross,bollinger", min_confidence=0.62).signals(BARS)
    assert heard["bias"].equals(strategy_named("bollinger", {}).signals(BARS)["bias"])


def test_the_slowest_member_sets_the_warm_up() -> None:
    assert _managed(members="ema_cross,vwap_reversion").warmup_bars == 97
    assert _managed(members="ema_cross", atr_period=100).warmup_bars == 102


def test_one_word_apart_is_another_version() -> None:
    sets: list[dict[str, object]] = [
        {},
        {"members": "rsi"},
        {"members": "rsi,macd"},
        {"members": "macd,rsi"},
        {"members": "rsi", "mode": "vote"},
        {"members": "rsi", "mode": "weighted"},
        {"members": "rsi", "mode": "weighted", "weights": "rsi:2"},
        {"min_confidence": 0.5},
        {"stop_atr_multiple": 3},
        {"allow_short": "false"},
    ]
    assert len({_managed(**each).version for each in sets}) == len(sets)


def test_a_member_that_decides_differently_makes_another_version() -> None:
    class OtherMembers(Managed):
        @property
        def members(self) -> list[OpinionStrategy]:
            return [EmaCross()]

    assert OtherMembers().version != Managed().version


def test_words_may_come_as_a_list_or_as_text() -> None:
    listed = _managed(members=["rsi", "macd"], mode="weighted", weights=["rsi:2", "macd:0.5"])
    assert listed == _managed(members="rsi, macd", mode="weighted", weights="rsi:2,macd:0.5")
    assert isinstance(listed.parameters, ManagedParameters)
    assert listed.parameters.weight_list() == [2.0, 0.5]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"members": "ema_art"}, "'ema_art' is no strategy of the project; did you mean ema_atr"),
        ({"members": ""}, "members: none; name the strategies"),
        ({"members": []}, "members: none"),
        ({"members": "rsi,macd,rsi"}, "rsi stands 2 times"),
        ({"members": "rsi,divergence"}, "divergence decides without opinions"),
        ({"members": "dca"}, "dca decides without opinions"),
        ({"members": "managed"}, "cannot be a member of itself"),
        ({"mode": "votes"}, "did you mean vote"),
        ({"min_confidence": 1.1}, "must lie between 0.0 and 1.0"),
        ({"min_confidence": 0.5, "mode": "weighted"}, "use first or vote"),
        ({"weights": "ema_atr:2"}, "mode first has none; use weighted"),
        ({"mode": "weighted", "weights": "ema_art:1"}, "not among the members; did you mean ema_atr"),
        ({"mode": "weighted", "weights": "ema_atr"}, "write name:weight"),
        ({"mode": "weighted", "weights": "ema_atr:-1"}, "write name:weight"),
        ({"mode": "weighted", "weights": "ema_atr:nan"}, "write name:weight"),
        ({"mode": "weighted", "weights": [{"ema_atr": 2}]}, "write name:weight"),
        ({"mode": "weighted", "weights": "ema_atr:1,ema_atr:2"}, "has a weight already"),
        ({"mode": "weighted", "weights": "ema_atr:0"}, "nobody weighs anything"),
        ({"weight": "ema_atr:1"}, "did you mean weights"),
    ],
)
def test_a_set_that_cannot_work_is_refused(parameters: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        _managed(**parameters)


@pytest.mark.parametrize("mode", ["first", "vote", "weighted"])
def test_the_managed_set_sees_no_future(mode: str) -> None:
    strategy, bars = _managed(members=MEMBERS, mode=mode), random_bars(2600, seed=17)
    assert len(strategy.signals(bars)) > 0
    answer = without_future(strategy, bars, samples=6)
    assert answer.look_ahead == answer.repaint == []
    assert recursive_warmup(strategy, bars, samples=3) == []


@settings(max_examples=25, deadline=None)
@given(
    members=st.lists(st.sampled_from(MEMBERS), min_size=1, max_size=5, unique=True),
    mode=st.sampled_from(["first", "vote", "weighted"]),
    seed=st.integers(0, 1000),
)
def test_nobody_is_outvoted_by_silence(members: list[str], mode: str, seed: int) -> None:
    bars = BarArrays.of(golden_bars(seed, 300))
    strategy = _managed(members=members, mode=mode)
    assert isinstance(strategy, Managed)
    together = strategy.opinions(bars)
    heard = np.stack([member.opinions(bars).action for member in strategy.members])
    acted = together.action != 0
    assert (together.action[acted] == heard[:, acted]).any(axis=0).all()
    assert (together.confidence[acted] > 0).all()
    assert (together.confidence[~acted] == 0).all()
    agreed = (heard == heard[0]).all(axis=0)
    assert (together.action[agreed] == heard[0, agreed]).all()


def test_a_member_that_needs_volume_says_so() -> None:
    with pytest.raises(DataError, match="volume is 0 on all 1200 bars: vwap_reversion"):
        _managed(members="ema_cross,vwap_reversion").signals(BARS.assign(volume=0.0))

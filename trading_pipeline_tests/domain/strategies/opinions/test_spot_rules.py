"""The opinions of the spot strategies at hand-made bars."""

import numpy as np
import pytest

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.strategies.framework.arrays import BarArrays
from trading_pipeline.domain.strategies.opinions.opinion_strategy import OpinionStrategy
from trading_pipeline.domain.strategies.registry import strategy_named
from trading_pipeline_tests.domain.strategies.bars import bars_closing, bars_from, random_bars

RISING = [100.0 + i for i in range(60)]
FALLING = [160.0 - i for i in range(60)]
FLAT_THEN_UP = [100.0 + (i % 2) for i in range(59)] + [110.0]
FLAT_THEN_DOWN = [100.0 + (i % 2) for i in range(59)] + [91.0]
FALL_AND_TURN = [200.0 - 3 * i for i in range(50)] + [50.0 + 0.01 * i for i in range(11)]


def _last(name: str, closes: list[float], parameters: dict[str, object]) -> tuple[int, float, str]:
    strategy = strategy_named(name, parameters)
    assert isinstance(strategy, OpinionStrategy)
    opinions = strategy.opinions(BarArrays.of(bars_closing(closes)))
    return int(opinions.action[-1]), float(opinions.confidence[-1]), opinions.reason_at(-1)


@pytest.mark.parametrize(
    ("name", "closes", "parameters", "action", "confidence", "reason"),
    [
        ("ema_atr", RISING, {}, 1, 0.6, ""),
        ("ema_atr", FALLING, {}, -1, 0.6, ""),
        ("ema_atr", RISING[:26], {"atr_period": 30}, 0, 0.0, "not_enough_bars"),
        ("ema_atr", RISING, {"max_atr_pct": 0.01}, 0, 0.0, "atr_too_high"),
        ("ema_atr", RISING, {"min_slope_pct": 1.0}, 0, 0.0, "flat_or_low_slope"),
        ("ema_cross", RISING, {}, 1, 0.6, ""),
        ("ema_cross", FALLING, {}, -1, 0.6, ""),
        ("ema_cross", RISING[:20], {}, 0, 0.0, "warming_up"),
        ("ema_cross", RISING, {"max_volatility_pct": 0.1}, 0, 0.0, "high_volatility"),
        ("ema_cross", RISING, {"min_volatility_pct": 5.0}, 0, 0.0, "low_volatility"),
        ("ema_cross", RISING, {"threshold_pct": 10}, 0, 0.0, "no_clear_signal"),
        ("ema_cross", [100.0] * 60, {}, 0, 0.0, "no_clear_signal"),
        ("rsi_momentum", FALL_AND_TURN, {}, 1, 0.7, ""),
        ("rsi_momentum", [260.0 - close for close in FALL_AND_TURN], {}, -1, 0.7, ""),
        ("rsi_momentum", RISING, {}, 0, 0.0, "neutral"),
        ("rsi_momentum", RISING[:14], {}, 0, 0.0, "warming_up"),
        ("bollinger", FLAT_THEN_DOWN, {}, 1, 0.65, ""),
        ("bollinger", FLAT_THEN_UP, {}, -1, 0.65, ""),
        ("bollinger", FLAT_THEN_UP, {"squeeze": 0.5}, 0, 0.0, "squeeze"),
        ("bollinger", [100.0] * 60, {"squeeze": 0}, 0, 0.0, "squeeze"),
        ("bollinger", FLAT_THEN_UP[:19], {}, 0, 0.0, "warming_up"),
        ("bollinger", FLAT_THEN_UP[:-1], {}, 0, 0.0, "inside_bands"),
        ("donchian_breakout", FLAT_THEN_UP, {}, 1, 0.7, ""),
        ("donchian_breakout", FLAT_THEN_DOWN, {}, -1, 0.7, ""),
        ("donchian_breakout", FLAT_THEN_UP[:-1], {}, 0, 0.0, "in_channel"),
        ("donchian_breakout", [*FLAT_THEN_UP[:-1], 101.0], {}, 0, 0.0, "in_channel"),
        ("donchian_breakout", FLAT_THEN_UP[:21], {"atr_period": 21}, 0, 0.0, "not_enough_bars"),
        ("donchian_breakout", FLAT_THEN_UP, {"min_atr_pct": 50}, 0, 0.0, "atr_too_low"),
        ("supertrend", RISING, {}, 1, 0.6, ""),
        ("supertrend", FALLING, {}, -1, 0.6, ""),
        ("supertrend", RISING[:9], {}, 0, 0.0, "not_enough_bars"),
        ("stochastic_adx", RISING, {}, 0, 0.0, "stoch_neutral"),
        ("stochastic_adx", RISING[:59], {"adx_period": 30}, 0, 0.0, "not_enough_bars"),
        ("stochastic_adx", [100.0, 102.0, 99.0] * 20, {"min_adx": 99.0}, 0, 0.0, "low_trend_strength"),
        ("keltner_squeeze", FLAT_THEN_UP, {}, 1, 0.65, ""),
        ("keltner_squeeze", FLAT_THEN_DOWN, {}, -1, 0.65, ""),
        ("keltner_squeeze", [*FLAT_THEN_UP, 111.0], {}, 0, 0.0, "no_squeeze"),
        ("keltner_squeeze", FLAT_THEN_UP[:21], {}, 0, 0.0, "not_enough_bars"),
        ("keltner_squeeze", FLAT_THEN_UP, {"keltner_multiple": 6}, 1, 0.65, ""),
        ("keltner_squeeze", FLAT_THEN_DOWN, {"keltner_multiple": 6}, -1, 0.65, ""),
        ("keltner_squeeze", FLAT_THEN_UP[:-1], {"keltner_multiple": 6}, 0, 0.0, "squeezed_wait_breakout"),
        ("keltner_squeeze", FLAT_THEN_UP, {"keltner_multiple": 0.5}, 0, 0.0, "no_squeeze"),
        ("vwap_reversion", FLAT_THEN_UP[:29], {"window": 30}, 0, 0.0, "not_enough_bars"),
        ("vwap_reversion", FLAT_THEN_DOWN, {"window": 30}, 1, 0.6, ""),
        ("vwap_reversion", FLAT_THEN_UP, {"window": 30}, -1, 0.6, ""),
        ("vwap_reversion", [100.0, 102.0] * 30 + [101.0], {"window": 30}, 0, 0.0, "z_converged"),
        ("vwap_reversion", [100.0, 102.0] * 30, {"window": 30, "enter": 3.0}, 0, 0.0, "weak_deviation"),
    ],
)
def test_the_last_bars_opinion(
    name: str, closes: list[float], parameters: dict[str, object], action: int, confidence: float, reason: str
) -> None:
    assert _last(name, closes, parameters) == (action, confidence, reason)


@pytest.mark.parametrize(
    ("name", "defaults", "warmup"),
    [
        ("ema_atr", {"fast_period": 12, "slow_period": 26, "atr_period": 14, "max_atr_pct": 1000}, 28),
        (
            "ema_cross",
            {
                "fast_period": 9,
                "slow_period": 21,
                "threshold_pct": 0.1,
                "min_volatility_pct": 0,
                "max_volatility_pct": 10,
            },
            22,
        ),
        ("rsi_momentum", {"rsi_period": 14, "oversold": 30, "overbought": 70, "momentum_period": 10}, 16),
        ("bollinger", {"period": 20, "width": 2.0, "squeeze": 0.01}, 21),
        ("donchian_breakout", {"channel": 20, "atr_period": 14, "min_atr_pct": 0.2}, 22),
        ("supertrend", {"period": 10, "multiple": 3.0}, 16),
        (
            "stochastic_adx",
            {"k_period": 14, "d_period": 3, "adx_period": 14, "min_adx": 18, "buy_below": 40, "sell_above": 60},
            29,
        ),
        (
            "keltner_squeeze",
            {"period": 20, "bollinger_width": 2.0, "keltner_atr_period": 20, "keltner_multiple": 1.5},
            23,
        ),
        ("vwap_reversion", {"window": 96, "enter": 1.0, "exit": 0.3}, 97),
    ],
)
def test_the_numbers_of_a_rule_as_it_is_stated(name: str, defaults: dict[str, object], warmup: int) -> None:
    strategy = strategy_named(name, {})
    assert strategy_named(name, defaults) == strategy
    assert strategy.warmup_bars == warmup


@pytest.mark.parametrize(("name", "limit"), [("ema_atr", "max_atr_pct"), ("donchian_breakout", "min_atr_pct")])
def test_the_limit_of_the_range_is_measured_with_its_plain_mean(name: str, limit: str) -> None:
    # One wide bar 20 bars ago is forgotten by a mean of 14 ranges, and still felt by Wilder's smoothing.
    bars = BarArrays.of(bars_closing([100.0 + i % 2 for i in range(39)] + [140.0, *[101.0 - i % 2 for i in range(20)]]))
    reason = {"max_atr_pct": "atr_too_high", "min_atr_pct": "atr_too_low"}[limit]
    for value, held in ((0.98, limit == "max_atr_pct"), (1.02, limit == "min_atr_pct")):
        strategy = strategy_named(name, {limit: value})
        assert isinstance(strategy, OpinionStrategy)
        assert (strategy.opinions(bars).reason_at(-1) == reason) == held


def test_stochastic_buys_low_and_sells_high_in_a_trend() -> None:
    strategy = strategy_named("stochastic_adx", {})
    assert isinstance(strategy, OpinionStrategy)
    opinions = strategy.opinions(BarArrays.of(random_bars(2000)))
    k, d = opinions.evidence["k"], opinions.evidence["d"]
    buys, sells = opinions.action == 1, opinions.action == -1
    assert buys.any()
    assert sells.any()
    assert (k[buys] > d[buys]).all()
    assert k[buys].max() < 40
    assert k[sells].min() > 60
    assert opinions.evidence["adx"][buys | sells].min() >= 18


def test_a_condition_that_lasts_is_one_signal() -> None:
    bars = bars_closing([100.0] * 40 + [100.0 + i for i in range(40)])
    assert len(strategy_named("ema_cross", {}).signals(bars)) == 1


def test_on_a_spot_account_a_sell_closes_and_never_opens() -> None:
    bars = random_bars(1000)
    both, spot = strategy_named("ema_atr", {}), strategy_named("ema_atr", {"allow_short": "false"})
    assert set(spot.signals(bars)["bias"]) == {"long"}
    assert spot.exits(bars).equals(both.exits(bars))
    assert set(both.exits(bars)["bias"]) == {"long", "short"}


def test_vwap_reversion_closes_everything_near_the_average() -> None:
    strategy = strategy_named("vwap_reversion", {"window": 30})
    exits = strategy.exits(bars_closing([100.0, 102.0] * 30 + [101.0]))
    assert exits[exits["bar_index"] == 60]["bias"].tolist() == ["long", "short"]


def test_supertrend_sells_too() -> None:
    signals = strategy_named("supertrend", {}).signals(random_bars(2000))
    assert np.isin(["long", "short"], signals["bias"]).all()


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("ema_cross", {"fast_period": 21}, "below slow_period = 21"),
        ("ema_cross", {"min_volatility_pct": 10}, "below max_volatility_pct"),
        ("rsi_momentum", {"oversold": 80}, "below overbought"),
        ("vwap_reversion", {"exit": 2}, "below enter"),
        ("bollinger", {"widht": 2}, "did you mean width"),
        ("supertrend", {"multiple": 21}, "between 0.1 and 20"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(name: str, parameters: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        strategy_named(name, parameters)


def test_zero_range_bars_have_no_trade() -> None:
    flat = bars_from({name: [5.0] * 200 for name in ("open", "high", "low", "close")})
    for name in ("ema_atr", "bollinger", "supertrend", "stochastic_adx", "donchian_breakout"):
        assert strategy_named(name, {}).signals(flat).empty

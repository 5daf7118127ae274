import numpy as np
import pandas as pd
import pytest

from trading_pipeline.domain.indicators.momentum import rsi
from trading_pipeline.domain.indicators.moving_averages import ema
from trading_pipeline.domain.indicators.volatility import atr_simple
from trading_pipeline.domain.strategies.divergence.divergence import Divergence, DivergenceParameters
from trading_pipeline_tests.domain.strategies.golden import golden_bars

TOLERANCE = 1e-5


def test_the_golden_walk_starts_as_published() -> None:
    rows = golden_bars(17, 2)[["open", "high", "low", "close", "volume"]].to_numpy().tolist()
    assert rows == [[30000.0, 30044.5, 29921.0, 29923.5, 527], [29923.5, 29997.5, 29898.5, 29983.5, 673]]


@pytest.mark.parametrize(
    ("seed", "bar", "bias", "prices", "pivots", "histograms", "hits", "strength", "entry_histogram"),
    [
        (
            *(17, 253, "long", (30456.5, 30311.5)),
            ((238, 30546.5), (248, 30315), (251, 30311.5)),
            (-49.841181, -41.689563, -29.449257),
            *(["RSI_DIV", "OBV_DIV"], 33.5642, -11.648148),
        ),
        (
            *(7, 233, "long", (31042.5, 31016.0)),
            ((216, 31176.5), (224, 31024), (231, 31016)),
            (-41.837642, -29.258496, -8.015776),
            *(["RSI_DIV", "OBV_DIV"], 40.5157, -6.647733),
        ),
        (
            *(33, 325, "short", (29963.0, 30125.0)),
            ((317, 30118.5), (320, 30123), (323, 30125)),
            (7.176299, 5.317374, -0.895591),
            *(["ENGULFING", "RSI_DIV", "OBV_DIV"], 40.1328, -7.027895),
        ),
        (
            *(4, 546, "short", (31526.5, 31729.5)),
            ((537, 31720), (540, 31721), (544, 31729.5)),
            (48.272470, 34.250391, 15.517137),
            *(["RSI_DIV", "OBV_DIV"], 40.5359, -2.482963),
        ),
    ],
)
def test_golden_signals_hold_to_five_decimals(
    seed: int,
    bar: int,
    bias: str,
    prices: tuple[float, float],
    pivots: tuple[tuple[int, float], ...],
    histograms: tuple[float, ...],
    hits: list[str],
    strength: float,
    entry_histogram: float,
) -> None:
    signals = Divergence().signals(golden_bars(seed))
    row = signals[signals["bar_index"] == bar].iloc[0]
    details = row["details"]
    assert (row["bias"], row["entry_price"], row["stop_price"]) == (bias, *prices)
    assert [(pivot["index"], pivot["price"]) for pivot in details["pivots"]] == list(pivots)
    assert [pivot["histogram"] for pivot in details["pivots"]] == pytest.approx(histograms, abs=TOLERANCE)
    assert details["confirmations"] == hits
    assert details["divergence_score"] == pytest.approx(strength, abs=1e-4)
    assert details["histogram"] == pytest.approx(entry_histogram, abs=TOLERANCE)


@pytest.mark.parametrize(
    ("seed", "expected"),
    [
        (17, [253, 490]),
        (7, [233, 237]),
        (33, [325]),
        (4, [546]),
        (24, [254, 537]),
        (23, [213]),
        (32, [299]),
        (29, [382]),
    ],
)
def test_a_set_of_pivots_signals_once_in_seven_hundred_bars(seed: int, expected: list[int]) -> None:
    assert Divergence().signals(golden_bars(seed))["bar_index"].tolist() == expected


def test_scores_of_the_first_golden_signal() -> None:
    row = Divergence().signals(golden_bars(17)).iloc[0]
    assert (row["score"], row["details"]["confluence_score"], row["details"]["vegas_state"]) == (54, 20, "Bullish")


def test_indicators_at_the_first_golden_signal() -> None:
    bars = golden_bars(17)
    high, low, close = (bars[name].to_numpy(np.float64) for name in ("high", "low", "close"))
    values = [ema(close, 144), ema(close, 169), rsi(close, 14), atr_simple(high, low, close, 14)]
    expected = [30308.021620, 30243.908477, 40.560826, 98.178571]
    assert [series[253] for series in values] == pytest.approx(expected, abs=TOLERANCE)


def test_a_freshness_limit_drops_signals_from_old_pivots() -> None:
    # At bar 325 of seed 33 the third pivot is two bars old; seed 29 signals 9 bars after its third pivot.
    fresh = Divergence(DivergenceParameters(max_pivot_age_bars=2))
    assert fresh.signals(golden_bars(33))["bar_index"].tolist() == [325]
    assert 382 not in fresh.signals(golden_bars(29))["bar_index"].tolist()


def test_more_required_confirmations_leave_fewer_signals() -> None:
    counts = [
        len(Divergence(DivergenceParameters(min_confirmations=number)).signals(golden_bars(33))) for number in range(5)
    ]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[4]


@pytest.mark.parametrize("seed", range(40, 48))
def test_stops_lie_on_the_losing_side_and_pivots_are_known(seed: int) -> None:
    signals = Divergence(DivergenceParameters(min_confirmations=0)).signals(golden_bars(seed, 2000))
    assert len(signals) > 0
    longs = signals["bias"] == "long"
    assert ((signals["stop_price"] < signals["entry_price"]) == longs).all()
    ages = signals["bar_index"] - [details["pivots"][2]["index"] for details in signals["details"]]
    assert ages.min() >= 2


def test_mirrored_prices_give_the_mirrored_signals() -> None:
    bars = golden_bars(4)
    mirror = bars.assign(
        open=1e5 - bars["open"], high=1e5 - bars["low"], low=1e5 - bars["high"], close=1e5 - bars["close"]
    )
    plain, mirrored = Divergence().signals(bars), Divergence().signals(mirror)
    assert mirrored["bar_index"].tolist() == plain["bar_index"].tolist() == [546]
    assert (plain["bias"][0], mirrored["bias"][0]) == ("short", "long")


def test_without_pivots_there_is_nothing_to_diverge() -> None:
    flat = golden_bars(17, 300).assign(open=100.0, high=101.0, low=99.0, close=100.0)
    signals = Divergence().signals(flat)
    assert isinstance(signals, pd.DataFrame)
    assert signals.empty


def test_the_parts_of_the_score_come_back_from_the_details() -> None:
    """S6, the golden walk 17 at bar 253: divergence 33.5642 and confluence 20 make quality 53.5642, score 54."""
    signals = Divergence().signals(golden_bars(17))
    row = signals[signals["bar_index"] == 253].iloc[0]
    scoring = Divergence().scoring(row["details"])
    assert scoring is not None
    assert float(scoring.signal_quality_score) == pytest.approx(53.5642, abs=1e-4)
    assert float(scoring.divergence_strength) == pytest.approx(33.5642, abs=1e-4)
    assert (scoring.confluence_strength, scoring.confirmations_hit) == (20, ("RSI_DIV", "OBV_DIV"))
    assert row["score"] == 54
    assert str(scoring) == "quality 53.6: divergence 33.6, confluence 20.0 by RSI_DIV, OBV_DIV"


def test_details_that_do_not_tell_the_parts_make_none_up() -> None:
    assert Divergence().scoring({"signal_quality_score": 53.5, "confirmations": []}) is None

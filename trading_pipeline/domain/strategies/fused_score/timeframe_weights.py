"""How much each timeframe counts when one number is made from several."""

from collections.abc import Iterable, Mapping
from functools import reduce

import numpy as np
import numpy.typing as npt

from trading_pipeline.domain.model.errors import ConfigurationError, DataError
from trading_pipeline.domain.strategies.framework.parameters import spelling_hint

Floats = npt.NDArray[np.float64]
Weights = dict[str, float]
Values = Mapping[str, float] | Mapping[str, Floats]
"""One number per timeframe, or one per bar and timeframe; NaN is unknown."""

# Weekly weights are part of the presets although no weekly bars exist; they fall to the others.
TIMEFRAMES = ("15m", "1h", "4h", "1d", "1w")

PRESETS: dict[str, tuple[float, ...]] = {
    "day": (0.40, 0.25, 0.20, 0.10, 0.05),
    "scalping": (0.60, 0.25, 0.10, 0.04, 0.01),
    "swing": (0.20, 0.25, 0.30, 0.20, 0.05),
    "position": (0.10, 0.15, 0.25, 0.30, 0.20),
    "equal": (0.20, 0.20, 0.20, 0.20, 0.20),
}
"""Weights by trading style, in the order of ``TIMEFRAMES``."""

# Fractions of a weight that an adaption may move.
_VOLATILITY_SHARE = 0.3
_TREND_SHARE = 0.5


def preset(name: str) -> Weights:
    """The weights of a trading style.

    :raises ConfigurationError: no such style.
    """
    if name not in PRESETS:
        raise ConfigurationError(f"unknown weights {name!r}{spelling_hint(name, list(PRESETS))}")
    return dict(zip(TIMEFRAMES, PRESETS[name], strict=True))


def checked_weights(weights: Mapping[str, float]) -> Weights:
    """The weights, if they can be used.

    :raises ConfigurationError: a timeframe is unknown, a weight negative, or the sum is not 1.
    """
    for timeframe, weight in weights.items():
        if timeframe not in TIMEFRAMES:
            raise ConfigurationError(f"weight of {timeframe!r}{spelling_hint(timeframe, list(TIMEFRAMES))}")
        if not weight >= 0:
            raise ConfigurationError(f"weight of {timeframe} = {weight}: must not be negative")
    total = sum(weights.values())
    if abs(total - 1) > 1e-9:
        raise ConfigurationError(f"timeframe weights sum to {total:.6g}: must sum to 1")
    return dict(weights)


def aggregate(values: Values, weights: Values, own: str) -> Floats:
    """Weighted mean of a number over the timeframes that have it; unknown where the own one has none.

    :param own: the timeframe that decides; the others only confirm it.
    :raises DataError: ``own`` is not among the values, or has no weight.
    """
    if own not in values:
        raise DataError(f"no {own} value: the others only confirm it; wait until it is there")
    if not np.all(np.asarray(weights.get(own, 0.0)) > 0):
        raise DataError(f"{own} has no weight; weights are for {', '.join(weights)}")
    known = {name: ~np.isnan(value) for name, value in values.items()}
    shares = {name: np.where(known[name], weights.get(name, 0.0), 0.0) for name in values}
    parts = [shares[name] * np.where(known[name], value, 0.0) for name, value in values.items()]
    mean: Floats = np.where(known[own], _sum(parts) / np.where(known[own], _sum(shares.values()), 1.0), np.nan)
    return mean


def adapt_to_volatility(weights: Values, atr: Values) -> dict[str, Floats]:
    """Move 30 % of the weight towards timeframes by their share of the summed ATR.

    :param atr: by timeframe, quote currency; unknown ones count 0. A sum of 0 changes nothing.
    """
    ranges = {name: np.nan_to_num(atr.get(name, 0.0)) for name in weights}
    total = _sum(ranges.values())
    moved = {
        name: weight * (1 - _VOLATILITY_SHARE) + _VOLATILITY_SHARE * ranges[name] / np.where(total > 0, total, 1.0)
        for name, weight in weights.items()
    }
    return _normalised({name: np.where(total > 0, np.minimum(1.0, moved[name]), weights[name]) for name in weights})


def adapt_to_trend(weights: Values, score: Values) -> dict[str, Floats]:
    """Scale each weight by 1 + 0.5 times its trend score, clamped to -1 to 1; unknown scores are 0."""
    return _normalised(
        {
            name: weight * (1 + _TREND_SHARE * np.clip(np.nan_to_num(score.get(name, 0.0)), -1.0, 1.0))
            for name, weight in weights.items()
        }
    )


def _normalised(weights: Mapping[str, Floats]) -> dict[str, Floats]:
    """Weights that sum to 1; equal ones where they were all zero."""
    total = _sum(weights.values())
    some = total > 0
    return {
        name: np.where(some, weight / np.where(some, total, 1.0), 1 / len(weights)) for name, weight in weights.items()
    }


def _sum(values: Iterable[Floats]) -> Floats:
    """The sum of numbers and arrays of numbers."""
    total: Floats = reduce(np.add, values)
    return total

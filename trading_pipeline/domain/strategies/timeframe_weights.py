"""How much each timeframe counts when one number is made from several."""

from collections.abc import Mapping

from trading_pipeline.domain.model.errors import ConfigurationError, DataError
from trading_pipeline.domain.strategies.base import spelling_hint

Weights = dict[str, float]
TIMEFRAMES = ("15m", "1h", "4h", "1d", "1w")

PRESETS: dict[str, tuple[float, ...]] = {
    "day": (0.40, 0.25, 0.20, 0.10, 0.05),
    "scalping": (0.60, 0.25, 0.10, 0.04, 0.01),
    "swing": (0.20, 0.25, 0.30, 0.20, 0.05),
    "position": (0.10, 0.15, 0.25, 0.30, 0.20),
    "equal": (0.20, 0.20, 0.20, 0.20, 0.20),
}
"""Weights by trading style, in the order of ``TIMEFRAMES``."""

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


def aggregate(values: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """Weighted mean of a number over the timeframes that have it.

    :raises DataError: the 15m value is missing, or nothing that is present has weight.
    """
    if "15m" not in values:
        raise DataError("no 15m value: the others only confirm it; wait until it is there")
    present = {timeframe: weights.get(timeframe, 0.0) for timeframe in values}
    total = sum(present.values())
    if total <= 0:
        raise DataError(f"weights of {', '.join(values)} sum to {total}: nothing to average")
    return sum(present[timeframe] * value for timeframe, value in values.items()) / total


def adapt_to_volatility(weights: Mapping[str, float], atr: Mapping[str, float]) -> Weights:
    """Move 30 % of the weight towards timeframes by their share of the summed ATR.

    :param atr: by timeframe, quote currency; missing ones count 0. A sum of 0 changes nothing.
    """
    total = sum(atr.get(timeframe, 0.0) for timeframe in weights)
    if total <= 0:
        return dict(weights)
    moved = {
        timeframe: min(1.0, weight * (1 - _VOLATILITY_SHARE) + _VOLATILITY_SHARE * atr.get(timeframe, 0.0) / total)
        for timeframe, weight in weights.items()
    }
    return _normalised(moved)


def adapt_to_trend(weights: Mapping[str, float], score: Mapping[str, float]) -> Weights:
    """Scale each weight by 1 + 0.5 times its trend score, clamped to -1 to 1; missing scores are 0."""
    return _normalised(
        {
            timeframe: weight * (1 + _TREND_SHARE * max(-1.0, min(1.0, score.get(timeframe, 0.0))))
            for timeframe, weight in weights.items()
        }
    )


def _normalised(weights: Mapping[str, float]) -> Weights:
    """Weights that sum to 1; equal ones where they were all zero."""
    total = sum(weights.values())
    if total <= 0:
        return {timeframe: 1 / len(weights) for timeframe in weights}
    return {timeframe: weight / total for timeframe, weight in weights.items()}

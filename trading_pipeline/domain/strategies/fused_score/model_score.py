"""A logistic model read from its description, and its score of 0 to 100."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from trading_pipeline.domain.model.errors import ConfigurationError

Floats = npt.NDArray[np.float64]

# Keeps probabilities off 0 and 1, whose logit is infinite.
_EPSILON = 1e-6


@dataclass(frozen=True, slots=True)
class Calibration:
    """Maps a probability to a better one: linear ``a p + b``, or Platt's sigmoid of ``a logit(p) + b``."""

    platt: bool
    a: float
    b: float

    def apply(self, probability: Floats) -> Floats:
        """The calibrated probabilities, 0 to 1."""
        if self.platt:
            inside = np.clip(probability, _EPSILON, 1 - _EPSILON)
            return sigmoid(self.a * np.log(inside / (1 - inside)) + self.b)
        linear: Floats = np.clip(self.a * probability + self.b, 0.0, 1.0)
        return linear


@dataclass(frozen=True, slots=True)
class LogisticModel:
    """Weights over standardised, clipped features.

    :param mean: per feature, subtracted before division by ``deviation``.
    :param clip: standardised values are kept within these bounds.
    """

    features: tuple[str, ...]
    weights: tuple[float, ...]
    bias: float
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    clip: tuple[float, float]
    calibration: Calibration | None

    def __post_init__(self) -> None:
        lengths = {len(self.features), len(self.weights), len(self.mean), len(self.deviation)}
        if len(lengths) != 1 or not self.features:
            raise ConfigurationError(
                f"model with {len(self.features)} features, {len(self.weights)} weights, {len(self.mean)} means and "
                f"{len(self.deviation)} deviations: there must be one of each per feature"
            )
        if not all(deviation > 0 for deviation in self.deviation):
            raise ConfigurationError("a feature's deviation is not positive: train again without constant features")

    @classmethod
    def of(cls, description: Mapping[str, object]) -> Self:
        """Read ``feature_order, weights, bias, mean, std, clip_min, clip_max, calibration``.

        :raises ConfigurationError: a part is missing or of the wrong kind.
        """
        try:
            names = tuple(str(name) for name in _list(description, "feature_order"))
            columns = [
                tuple(float(str(value)) for value in _list(description, key)) for key in ("weights", "mean", "std")
            ]
            bias, low, high = (float(str(description[key])) for key in ("bias", "clip_min", "clip_max"))
        except (KeyError, ValueError) as error:
            raise ConfigurationError(f"model description: {error} is missing or no number") from error
        return cls(names, columns[0], bias, columns[1], columns[2], (low, high), _calibration(description))

    def score(self, values: Mapping[str, Floats], bars: int) -> Floats:
        """0 to 100 for each of ``bars`` bars; a feature that is missing or not finite is read as 0."""
        total = np.full(bars, self.bias)
        parts = zip(self.features, self.weights, self.mean, self.deviation, strict=True)
        for name, weight, mean, deviation in parts:
            raw = values.get(name, np.zeros(bars))
            standard = (np.where(np.isfinite(raw), raw, 0.0) - mean) / deviation
            total += weight * np.clip(standard, *self.clip)
        probability = sigmoid(total)
        return 100 * (self.calibration.apply(probability) if self.calibration else probability)


def sigmoid(value: Floats) -> Floats:
    """1 / (1 + e^-value), without overflow."""
    # The exponent is never positive, so that nothing overflows; both halves of the curve follow from it.
    small = np.exp(-np.abs(value))
    squeezed: Floats = np.where(value >= 0, 1 / (1 + small), small / (1 + small))
    return squeezed


def _list(description: Mapping[str, object], key: str) -> list[object]:
    """A list in the description."""
    value = description[key]
    if not isinstance(value, list):
        raise ConfigurationError(f"model description: {key} = {value!r} must be a list")
    return value


def _calibration(description: Mapping[str, object]) -> Calibration | None:
    """The calibration part, linear unless it says platt."""
    given = description.get("calibration")
    if given is None:
        return None
    if not isinstance(given, Mapping):
        raise ConfigurationError(f"model description: calibration = {given!r} must be a mapping")
    kind = given.get("type", "linear")
    if kind not in ("linear", "platt"):
        raise ConfigurationError(f"model description: calibration type {kind!r} must be linear or platt")
    return Calibration(kind == "platt", float(given.get("a", 1.0)), float(given.get("b", 0.0)))

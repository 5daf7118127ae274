"""One score from several timeframes, and from a model where there is one, against the regime's threshold."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pandas as pd

from trading_pipeline.domain.indicators.ties import beyond
from trading_pipeline.domain.model.errors import ConfigurationError, DataError
from trading_pipeline.domain.model.signals import Details
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.strategies.framework.arrays import BarArrays, Decisions, Floats
from trading_pipeline.domain.strategies.framework.parameters import chosen, document, listed, ranged, spelling_hint
from trading_pipeline.domain.strategies.fused_score.fusion import REFUSALS, Fusion, FusionRegime, fuse
from trading_pipeline.domain.strategies.fused_score.model_score import LogisticModel
from trading_pipeline.domain.strategies.fused_score.technical_score import (
    FEATURES,
    features,
    technical_score,
    trend_alignment,
)
from trading_pipeline.domain.strategies.fused_score.timeframe_weights import (
    PRESETS,
    TIMEFRAMES,
    adapt_to_trend,
    adapt_to_volatility,
    aggregate,
    preset,
)
from trading_pipeline.domain.strategies.opinions.opinion_strategy import (
    Opinions,
    OpinionStrategy,
    StopParameters,
    form_opinions,
)

_EXIT_SCORE = 38.0
"""Combined score at or below which the strategy wants out; 62 was its counterpart before thresholds had regimes."""

_SCORED = (*FEATURES, "technical_score")
_ACROSS = ("trend_alignment", "rsi_divergence", "volatility_ratio")
# The weights know weeks too, of which there are no bars.
_WEIGHED = tuple(timeframe for timeframe in Timeframe if timeframe in TIMEFRAMES)

View = Mapping[str, Floats]
"""Features of one timeframe by name, one value per bar of the strategy; NaN is unknown."""


@dataclass(frozen=True, slots=True)
class FusedScoreParameters(StopParameters):
    """How scores are made and held against each other.

    :param style: preset of the timeframes' weights.
    :param higher: timeframes that confirm; of these, those longer than the bars are used.
    :param adapt_to_volatility: move weight towards timeframes with a large ATR.
    :param adapt_to_trend: move weight towards timeframes in an upward trend, by EMA 20 over EMA 50 in percent.
    :param with_trend: buy only while the higher timeframes' trend is known and not downward.
    :param regime: the market's state, whose threshold applies.
    :param model: its score counts 35 %; without one the threshold is 5 higher.
    """

    allow_short: bool = ranged(False, False, False)
    style: str = chosen(*PRESETS)
    higher: tuple[str, ...] = listed("1h", "4h")
    adapt_to_volatility: bool = ranged(False, False, True)
    adapt_to_trend: bool = ranged(False, False, True)
    with_trend: bool = ranged(True, False, True)
    regime: str = chosen(*FusionRegime)
    model: LogisticModel | None = document(LogisticModel, "models")  # noqa: RUF009 - makes a field

    def check(self) -> None:
        """Timeframes have to carry a weight, a model may only ask for what is known."""
        for timeframe in self.higher:
            if timeframe not in _WEIGHED:
                raise ConfigurationError(f"higher = {timeframe}{spelling_hint(timeframe, list(_WEIGHED))}")
        known = [*_SCORED, *(f"{name}_{timeframe}" for timeframe in self.higher for name in _SCORED), *_ACROSS]
        for name in self.model.features if self.model else ():
            if name not in known:
                raise ConfigurationError(f"model: unknown feature {name!r}{spelling_hint(name, known)}")


@dataclass(frozen=True)
class FusedScore(OpinionStrategy):
    """Buy while the fused score passes, sell at 38 or below; long only.

    The technical score of the bars counts with those of the higher timeframes. Weights belong to
    timeframes, so the bars have to be of one that has a weight: 15m, 1h, 4h or 1d. The weights of those
    that are not there fall to the others in proportion.
    """

    name: ClassVar[str] = "fused_score"
    parameters: FusedScoreParameters = field(default_factory=FusedScoreParameters)

    @property
    def higher_timeframes(self) -> tuple[Timeframe, ...]:
        """Those that confirm."""
        return tuple(Timeframe(label) for label in self.parameters.higher)

    @property
    def warmup_bars(self) -> int:
        """EMA 50 and the ATR on two bars."""
        return max(50, self.parameters.atr_period + 1) + 1

    def context(self, bars: pd.DataFrame) -> pd.DataFrame:
        """The score of a higher timeframe, and the features it is made of."""
        return _scored(BarArrays.of(bars)).set_index(bars.index)

    def opinions(self, bars: BarArrays) -> Opinions:
        """The fused score against its threshold, unless the higher timeframes' trend forbids it."""
        views = self._views(bars)
        own, *higher = views
        scores = {label: view["technical_score"] for label, view in views.items()}
        technical = aggregate(scores, self._weights(views), own)
        model = self.parameters.model
        judged = None if model is None else model.score(_named(views), len(bars))
        fusion = fuse(technical, judged, FusionRegime(self.parameters.regime))
        trend = _trend([views[label] for label in higher]) if higher else np.full(len(bars), np.nan)
        evidence = {f"technical_{label}": score for label, score in scores.items()}
        evidence |= {"technical": technical, "combined": fusion.combined, "threshold": fusion.threshold, "trend": trend}
        evidence |= {} if judged is None else {"model": judged}
        return self._formed(fusion, trend if self.parameters.with_trend and higher else np.ones(len(bars)), evidence)

    def _formed(self, fusion: Fusion, trend: Floats, evidence: dict[str, Floats]) -> Opinions:
        """Opinions, with the first reason against each; nothing but an unknown score is one against selling."""
        sell = beyond(fusion.combined, _EXIT_SCORE, 100.0) <= 0
        holds = {
            "not_enough_bars": np.isnan(fusion.combined),
            "higher_trend_unknown": fusion.passed & np.isnan(trend),
            "against_higher_trend": fusion.passed & (trend < 0),
        }
        # The last refusal is the plain one, "below the threshold", which holds where nothing else does.
        *named, otherwise = REFUSALS
        holds |= {reason: (fusion.refusal == place) & ~sell for place, reason in enumerate(named)}
        # a score of 0 is as sure a sell as one of 100 is a buy
        confidence = np.where(sell, 1 - fusion.combined / 100, fusion.confidence)
        return form_opinions(holds, fusion.passed, sell, otherwise, confidence, evidence)

    def details(self, decisions: Decisions, row: int) -> Details:
        """The evidence that is known."""
        return {name: float(values[row]) for name, values in decisions.evidence.items() if np.isfinite(values[row])}

    def _views(self, bars: BarArrays) -> dict[str, View]:
        """Features by timeframe: the bars' own first, then the longer ones of ``higher``."""
        # Without a bar there is no length to read; any weight serves, as nothing is scored.
        own = bars.timeframe if len(bars) else _WEIGHED[0]
        if own not in _WEIGHED:
            raise DataError(f"{own} bars have no weight: run {self.name} on bars of {', '.join(_WEIGHED)}")
        unknown = np.full(len(bars), np.nan)
        scored = _scored(bars)
        views: dict[str, View] = {own: {name: scored[name].to_numpy() for name in _SCORED}}
        for label in (one for one in self.higher_timeframes if one.ms > own.ms):
            views[label] = {name: bars.higher.get(f"{name}_{label}", unknown) for name in _SCORED}
        return views

    def _weights(self, views: Mapping[str, View]) -> Mapping[str, float] | Mapping[str, Floats]:
        """The preset, adapted where that is asked for."""
        weights: Mapping[str, float] | Mapping[str, Floats] = preset(self.parameters.style)
        if self.parameters.adapt_to_volatility:
            weights = adapt_to_volatility(weights, {label: view["atr_14"] for label, view in views.items()})
        if self.parameters.adapt_to_trend:
            weights = adapt_to_trend(weights, {label: view["trend_strength"] for label, view in views.items()})
        return weights


def _scored(bars: BarArrays) -> pd.DataFrame:
    """Features of one timeframe with their score."""
    values = features(bars)
    return values.assign(technical_score=technical_score(values))


def _trend(views: Iterable[View]) -> Floats:
    """Above 0 upward, below 0 downward."""
    return trend_alignment([(view["ema_20"], view["ema_50"]) for view in views])


def _named(views: Mapping[str, View]) -> dict[str, Floats]:
    """Every feature a model may ask for: the bars' own by name, the others' with their timeframe."""
    own, *higher = views
    found = dict(views[own])
    for label in higher:
        found |= {f"{name}_{label}": values for name, values in views[label].items()}
    # fmax and fmin leave NaN out: timeframes that are not warmed up do not hide the others.
    strengths = np.stack([view["rsi_14"] for view in views.values()])
    found["rsi_divergence"] = np.fmax.reduce(strengths) - np.fmin.reduce(strengths)
    found["trend_alignment"] = _trend(views.values())
    if "1d" in higher:
        found["volatility_ratio"] = found["atr_14"] / found["atr_14_1d"]
    return found

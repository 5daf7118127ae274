"""Several opinion strategies that trade as one."""

import hashlib
import json
import math
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import ClassVar

import pandas as pd

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.strategies.framework.arrays import BarArrays
from trading_pipeline.domain.strategies.framework.parameters import chosen, listed, ranged, spelling_hint
from trading_pipeline.domain.strategies.opinions.combining import Mode, combine
from trading_pipeline.domain.strategies.opinions.opinion_strategy import Opinions, OpinionStrategy, StopParameters
from trading_pipeline.domain.strategies.registry import strategy_class, strategy_names

_NAME = "managed"


@dataclass(frozen=True, slots=True)
class ManagedParameters(StopParameters):
    """Who is heard, and how opinions become one (``combining.combine``).

    :param members: names of the project's opinion strategies; mode ``first`` hears them in this order.
    :param min_confidence: least confidence, 0 to 1, that counts in the modes ``first`` and ``vote``.
    :param weights: ``name:weight`` for the mode ``weighted``; members without one weigh 1.
    """

    members: tuple[str, ...] = listed("ema_atr")
    mode: str = chosen(*Mode)
    min_confidence: float = ranged(0.0, 0.0, 1.0)
    weights: tuple[str, ...] = listed()

    def check(self) -> None:
        """Members have to hold opinions, and nothing may be given that its mode does not use."""
        if not self.members:
            raise ConfigurationError("members: none; name the strategies to combine, such as ema_atr,supertrend")
        for name, times in Counter(self.members).items():
            if times > 1:
                raise ConfigurationError(f"members: {name} stands {times} times; name it once, or weigh it")
            _member(name)
        if self.mode != Mode.WEIGHTED and self.weights:
            raise ConfigurationError(f"weights = {','.join(self.weights)}: mode {self.mode} has none; use weighted")
        if self.mode == Mode.WEIGHTED and self.min_confidence > 0:
            raise ConfigurationError(
                f"min_confidence = {self.min_confidence}: mode weighted weighs every confidence; use first or vote"
            )
        if not any(self.weight_list()):
            raise ConfigurationError(f"weights = {','.join(self.weights)}: nobody weighs anything; raise one above 0")

    def weight_list(self) -> list[float]:
        """One weight per member, in their order.

        :raises ConfigurationError: a word is no ``name:weight``, names no member, or names one twice.
        """
        given: dict[str, float] = {}
        for word in self.weights:
            name, weight = _weight(word)
            if name not in self.members:
                hint = spelling_hint(name, list(self.members))
                raise ConfigurationError(f"weights: {word}: {name!r} is not among the members{hint}")
            if name in given:
                raise ConfigurationError(f"weights: {word}: {name} has a weight already; give it one")
            given[name] = weight
        return [given.get(name, 1.0) for name in self.members]


@dataclass(frozen=True)
class Managed(OpinionStrategy):
    """The members' opinions as one, with its own stop; members keep their default parameters."""

    name: ClassVar[str] = _NAME
    parameters: ManagedParameters = field(default_factory=ManagedParameters)

    @property
    def members(self) -> list[OpinionStrategy]:
        """Who is heard, in the order of their names."""
        return [_member(name)() for name in self.parameters.members]

    @property
    def warmup_bars(self) -> int:
        """The slowest member's, and the ATR of the stop on two bars."""
        return max(self.parameters.atr_period + 2, *(member.warmup_bars for member in self.members))

    @property
    def higher_timeframes(self) -> tuple[Timeframe, ...]:
        """All that a member wants to see, shortest first."""
        wanted = {timeframe for member in self.members for timeframe in member.higher_timeframes}
        return tuple(sorted(wanted, key=lambda timeframe: timeframe.ms))

    def context(self, bars: pd.DataFrame) -> pd.DataFrame:
        """The members' values side by side; the same name is the same value, so it comes once."""
        joined = pd.concat([member.context(bars) for member in self.members], axis=1)
        # Members that look at the same higher values name them alike.
        return joined.loc[:, ~joined.columns.duplicated()]

    def opinions(self, bars: BarArrays) -> Opinions:
        """One opinion per bar; evidence is also what each member said: its confidence, negative for a sell."""
        rule = self.parameters
        heard = {member.name: member.opinions(bars) for member in self.members}
        combined = combine(list(heard.values()), Mode(rule.mode), rule.min_confidence, rule.weight_list())
        said = {name: each.action * each.confidence for name, each in heard.items()}
        return replace(combined, evidence={**combined.evidence, **said})

    @property
    def version(self) -> str:
        """Changes with the parameters and with any member."""
        # A member whose rule changed makes another set of the same words.
        parts = [super().version, *(member.version for member in self.members)]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]


def _member(name: str) -> type[OpinionStrategy]:
    """The strategy behind a member's name.

    :raises ConfigurationError: no such strategy of the project, or one that cannot be heard.
    """
    if name == _NAME:
        raise ConfigurationError(f"members: {_NAME} cannot be a member of itself; name its members instead")
    if name not in strategy_names():
        hint = spelling_hint(name, strategy_names())
        raise ConfigurationError(f"members: {name!r} is no strategy of the project{hint}")
    kind = strategy_class(name)
    if not issubclass(kind, OpinionStrategy):
        raise ConfigurationError(f"members: {name} decides without opinions, so it cannot be combined; leave it out")
    return kind


def _weight(word: str) -> tuple[str, float]:
    """The name and the number of ``name:weight``.

    :raises ConfigurationError: it is no such pair, or the number is negative or not finite.
    """
    name, _, text = (part.strip() for part in word.partition(":"))
    try:
        weight = float(text)
    except ValueError:
        weight = math.nan
    if not (math.isfinite(weight) and weight >= 0):
        raise ConfigurationError(f"weights: {word!r}: write name:weight with a weight of 0 or more, such as rsi:2")
    return name, weight

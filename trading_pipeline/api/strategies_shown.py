"""The strategies that can be asked, as a page lists them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ParameterShown:
    """A parameter: its default, and what it may be, in words."""

    name: str
    default: str
    allowed: str


@dataclass(frozen=True, slots=True)
class StrategyShown:
    """A strategy that can be asked.

    :param configured: whether a file of the configuration runs it.
    """

    name: str
    configured: bool
    warmup_bars: int
    parameters: tuple[ParameterShown, ...]


def strategies_shown(folder: Path) -> Sequence[StrategyShown]:
    """Every strategy with its parameters.

    :param folder: of the configuration.
    """
    # Strategies bring pandas, which is a third of the process: loaded by whoever asks.
    from trading_pipeline.adapters.parameters.strategies import configured_names
    from trading_pipeline.adapters.parameters.strategy_files import available_strategies, find_strategy

    configured = set(configured_names(folder))
    shown = []
    for name in available_strategies(folder):
        strategy = find_strategy(folder, name, {})
        parameters = tuple(
            ParameterShown(one.name, str(getattr(strategy.parameters, one.name)), strategy.parameters.allowed(one.name))
            for one in fields(strategy.parameters)
        )
        shown.append(StrategyShown(name, name in configured, strategy.warmup_bars, parameters))
    return shown

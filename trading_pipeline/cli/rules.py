"""``--param``: a strategy's parameters and the engine's rules under their names.

One option serves both, so that a name that neither knows is refused with the nearest of all.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import IntEnum
from pathlib import Path

from trading_pipeline.domain.backtest.codes import EntriesBy, Opposite, Smoothing, Timing, Unit
from trading_pipeline.domain.backtest.codes import Path as BarPath
from trading_pipeline.domain.backtest.config import (
    SIZING_RULES,
    AtrTrail,
    BacktestConfig,
    Costs,
    Execution,
    Exits,
    ExitTarget,
    KellySizing,
    Limits,
    PercentTrail,
    PivotTrail,
    Trail,
    VolatilitySizing,
)
from trading_pipeline.domain.backtest.translate import Steps
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.strategies.base import Strategy
from trading_pipeline.domain.strategies.parameters import spelling_hint

_CHOICES: dict[str, type[IntEnum]] = {
    "timing": Timing,
    "path": BarPath,
    "opposite": Opposite,
    "target_unit": Unit,
    "entries_by": EntriesBy,
}
_FLAGS = {"true": True, "false": False}
_SWITCHES = ("move_stop_at_close", "next_bar_exit")
_TRAILS = "atr:MULTIPLE:PERIOD[:simple|wilder], pivot:LEFT:RIGHT, percent:ACTIVATION:OFFSET or none"


@dataclass(frozen=True, slots=True)
class Rules:
    """A configured strategy, and under which rules and instrument steps it is run.

    :param given: names of the engine's rules that were given.
    """

    strategy: Strategy
    config: BacktestConfig
    steps: Steps
    given: tuple[str, ...]


def engine_names() -> list[str]:
    """Every rule of the engine."""
    parts = (Execution, Costs, Limits, Exits, Steps)
    return ["initial_capital", *(spec.name for part in parts for spec in fields(part))]


def read_strategy(config_dir: Path, name: str, values: Mapping[str, object]) -> Strategy:
    """A strategy with its parameters; a rule of the engine is refused, as it would have no effect.

    :raises ConfigurationError: unknown strategy or parameter, or a value out of range.
    """
    from trading_pipeline.adapters.parameters.strategy_files import find_strategy

    known = _parameter_names(config_dir, name)
    for given in values:
        if given in engine_names() and given not in known:
            raise ConfigurationError(f"--param {given}: a rule of backtests, which has no effect here")
    return find_strategy(config_dir, name, dict(values))


def read_rules(config_dir: Path, name: str, values: Mapping[str, object]) -> Rules:
    """A strategy and the rules of its backtest.

    :raises ConfigurationError: an unknown name (the nearest is given), or a value that is refused.
    """
    from trading_pipeline.adapters.parameters.strategy_files import find_strategy
    from trading_pipeline.services.run_backtest import default_config

    known, engine = _parameter_names(config_dir, name), engine_names()
    if shared := sorted(set(known) & set(engine)):
        raise ConfigurationError(f"strategy {name!r} has a parameter {shared[0]!r}, as the engine does: rename it")
    for given in values:
        if given not in known and given not in engine:
            raise ConfigurationError(f"unknown parameter {given!r}{spelling_hint(given, [*known, *engine])}")
    strategy = find_strategy(config_dir, name, {key: value for key, value in values.items() if key in known})
    rules = {key: _rule(key, str(value)) for key, value in values.items() if key in engine}
    step_names = {spec.name for spec in fields(Steps)}
    steps = Steps(**{key: _step(key, value) for key, value in rules.items() if key in step_names})
    changes = {key: value for key, value in rules.items() if key not in step_names}
    config = default_config(strategy)
    return Rules(strategy, config.with_values(_completed(config, changes)), steps, tuple(rules))


def _parameter_names(config_dir: Path, name: str) -> list[str]:
    """The strategy's own parameters."""
    from trading_pipeline.adapters.parameters.strategy_files import find_strategy

    return [spec.name for spec in fields(find_strategy(config_dir, name, {}).parameters)]


def _completed(config: BacktestConfig, changes: Mapping[str, object]) -> dict[str, object]:
    """What goes without saying: one sizing rule replaces another, and nothing waits for a target that is gone."""
    found = dict(changes)
    if any(changes.get(name) is not None for name in SIZING_RULES if name != "risk_per_trade"):
        found.setdefault("risk_per_trade", None)
    targets = changes.get("targets")
    if isinstance(targets, tuple):
        for name in ("break_even_after_targets", "trail_after_targets"):
            found.setdefault(name, min(len(targets), getattr(config.exits, name)))
    return found


def _rule(name: str, text: str) -> object:
    """A rule's value from its text; ranges are the configuration's to check."""
    if name in _CHOICES:
        return _choice(name, text, _CHOICES[name])
    if name == "targets":
        return _targets(text)
    if name == "trail":
        return _trail(text)
    if name in _SWITCHES:
        if text.lower() not in _FLAGS:
            raise ConfigurationError(f"{name} = {text}: must be true or false")
        return _FLAGS[text.lower()]
    if text.lower() == "none":
        _require_switch_off(name)
        return None
    if name == "volatility":
        return _volatility(text)
    if name == "kelly":
        return _kelly(text)
    return _number(name, text)


def _require_switch_off(name: str) -> None:
    """``none`` is for limits that can be off."""
    kinds = {spec.name: str(spec.type) for part in (Limits, Exits) for spec in fields(part)}
    if "None" not in kinds.get(name, ""):
        raise ConfigurationError(f"{name} = none: cannot be switched off; give a number")


def _choice(name: str, text: str, kind: type[IntEnum]) -> IntEnum:
    known = {member.name.lower(): member for member in kind}
    if text.lower() not in known:
        raise ConfigurationError(f"{name} = {text}{spelling_hint(text, list(known))}")
    return known[text.lower()]


def _number(name: str, text: str) -> int | float:
    """A whole number where it is one, so that counts stay counts."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ConfigurationError(f"{name} = {text}: must be a number")
    return int(value) if value == int(value) else value


def _step(name: str, value: object) -> float:
    """A step or minimum of an instrument."""
    if not isinstance(value, int | float) or value < 0:
        raise ConfigurationError(f"{name} = {value}: must be 0 or more")
    return float(value)


def _targets(text: str) -> tuple[ExitTarget, ...]:
    """``1:0.4,2:0.4`` or ``none``."""
    if text.lower() == "none":
        return ()
    found = []
    for part in text.split(","):
        distance, colon, fraction = part.partition(":")
        if not colon:
            raise ConfigurationError(f"targets = {text}: write DISTANCE:FRACTION pairs such as 1:0.4,2:0.4, or none")
        found.append(ExitTarget(_number("targets", distance), _number("targets", fraction)))
    return tuple(found)


def _trail(text: str) -> Trail:
    """A rule for the runner's stop."""
    kind, *rest = text.lower().split(":")
    if kind == "none" and not rest:
        return None
    if kind == "atr" and 2 <= len(rest) <= 3:
        smoothing = _choice("trail", rest[2], Smoothing) if len(rest) == 3 else Smoothing.SIMPLE
        return AtrTrail(_number("trail", rest[0]), _count(rest[1]), Smoothing(smoothing))
    if kind == "pivot" and len(rest) == 2:
        return PivotTrail(_count(rest[0]), _count(rest[1]))
    if kind == "percent" and len(rest) == 2:
        return PercentTrail(_number("trail", rest[0]), _number("trail", rest[1]))
    raise ConfigurationError(f"trail = {text}: write {_TRAILS}")


def _volatility(text: str) -> VolatilitySizing:
    """``0.05:0.5`` or ``0.05:0.5:14``."""
    fraction, *rest = text.split(":")
    if not 1 <= len(rest) <= 2:
        raise ConfigurationError(f"volatility = {text}: write FRACTION:TARGET_PCT[:PERIOD] such as 0.05:0.5:14")
    period = _count(rest[1], "volatility") if len(rest) == 2 else VolatilitySizing().period
    return VolatilitySizing(_number("volatility", fraction), _number("volatility", rest[0]), period)


def _kelly(text: str) -> KellySizing:
    """``0.55:1.2:1.0`` or ``0.55:1.2:1.0:0.05``."""
    numbers = [_number("kelly", part) for part in text.split(":")]
    if not 3 <= len(numbers) <= 4:
        raise ConfigurationError(
            f"kelly = {text}: write WIN_RATE:AVERAGE_WIN_PCT:AVERAGE_LOSS_PCT[:FRACTION] such as 0.55:1.2:1.0:0.05"
        )
    return KellySizing(*numbers)


def _count(text: str, name: str = "trail") -> int:
    value = _number(name, text)
    if not isinstance(value, int):
        raise ConfigurationError(f"{name}: {text} must be a whole number of bars")
    return value

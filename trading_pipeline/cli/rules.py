"""``--param``: a strategy's parameters and the engine's rules under their names.

One option serves both, so that a name that neither knows is refused with the nearest of all.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import IntEnum
from pathlib import Path

from trading_pipeline.domain.backtest.codes import EntriesBy, Opposite, Smoothing, Timing, Unit
from trading_pipeline.domain.backtest.config import (
    SIZING_RULES,
    AtrTrail,
    BacktestConfig,
    Costs,
    Execution,
    Exits,
    ExitTarget,
    FundingExit,
    KellySizing,
    Limits,
    PercentTrail,
    PivotTrail,
    Trail,
    VolatilitySizing,
)
from trading_pipeline.domain.backtest.live_rules import live_rules
from trading_pipeline.domain.backtest.presets import LIVE, RulesUsed, differences, preset_named, refuse_contradiction
from trading_pipeline.domain.backtest.translate import Steps
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.intrabar_paths import IntrabarPath
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.strategies.framework.base import Strategy
from trading_pipeline.domain.strategies.framework.parameters import spelling_hint
from trading_pipeline.domain.strategies.framework.plan import StrategyConfig

_CHOICES: dict[str, type[IntEnum]] = {
    "timing": Timing,
    "path": IntrabarPath,
    "opposite": Opposite,
    "target_unit": Unit,
    "entries_by": EntriesBy,
}
_FLAGS = {"true": True, "false": False}
_SWITCHES = ("move_stop_at_close", "next_bar_exit", "strategy_exits")
_TRAILS = "atr:MULTIPLE:PERIOD[:simple|wilder], pivot:LEFT:RIGHT, percent:ACTIVATION:OFFSET or none"


@dataclass(frozen=True, slots=True)
class Rules:
    """Configured strategies, and under which rules and instrument steps they are run.

    :param plans: one per strategy; ``configs`` are their rules, in the same order.
    :param steps: of every instrument.
    :param used: what of this is not as live.
    """

    plans: tuple[StrategyConfig, ...]
    configs: tuple[BacktestConfig, ...]
    steps: Steps
    used: RulesUsed


@dataclass(frozen=True, slots=True)
class TypedRules:
    """What was typed about rules.

    :param preset: a name of ``PRESETS``; empty is live, with whatever ``values`` change.
    :param values: of ``--param``, by name.
    """

    preset: str
    values: Mapping[str, object]


def engine_names() -> list[str]:
    """Every rule of the engine."""
    parts = (Execution, Costs, Limits, Exits, Steps)
    return ["initial_capital", *(spec.name for part in parts for spec in fields(part))]


def read_strategy(config_dir: Path, name: str, values: Mapping[str, object]) -> Strategy:
    """A strategy with its file's parameters and these; a rule of the engine is refused, as it would have no effect.

    :raises ConfigurationError: unknown strategy or parameter, or a value out of range.
    """
    from trading_pipeline.adapters.parameters.research import researched_strategy

    # A strategy may have a parameter that is called like a rule; then it is meant.
    known = _parameter_names(config_dir, name)
    for given in values:
        if given in engine_names() and given not in known:
            raise ConfigurationError(f"--param {given}: a rule of backtests, which has no effect here")
    return researched_strategy(config_dir, name, values).plan.strategy


def read_rules(config_dir: Path, names: Sequence[str], typed: TypedRules, finest: Timeframe) -> Rules:
    """Strategies as the configuration runs them, with what was typed in place of what it says.

    :param finest: at whose closes ``trail_at: finest`` moves stops.
    :raises ConfigurationError: an unknown name (the nearest is given), a value that is refused, or a rule that
        contradicts the preset.
    """
    found = [_ruled(config_dir, name, typed, finest, alone=len(names) == 1) for name in names]
    # Strategies under the same rules differ by the same words; each is told once, in the order it came up.
    differs = tuple(dict.fromkeys(text for one in found for text in one.differs))
    assumed = tuple(dict.fromkeys(text for one in found for text in one.assumed))
    rules = {key: _rule(key, str(value)) for key, value in typed.values.items() if key in engine_names()}
    steps = Steps(**{key: _step(key, value) for key, value in rules.items() if key in _step_names()})
    return Rules(
        plans=tuple(one.plan for one in found),
        configs=tuple(one.config for one in found),
        steps=steps,
        used=RulesUsed(typed.preset or LIVE, differs, assumed),
    )


@dataclass(frozen=True, slots=True)
class _Ruled:
    """One strategy with its rules, and what of them is not as live."""

    plan: StrategyConfig
    config: BacktestConfig
    differs: tuple[str, ...]
    assumed: tuple[str, ...]


def _ruled(config_dir: Path, name: str, typed: TypedRules, finest: Timeframe, *, alone: bool) -> _Ruled:
    from trading_pipeline.adapters.parameters.research import researched_strategy

    known, engine = _parameter_names(config_dir, name), engine_names()
    # In a backtest one name would mean two things, and either would be changed without a word.
    if shared := sorted(set(known) & set(engine)):
        raise ConfigurationError(f"strategy {name!r} has a parameter {shared[0]!r}, as the engine does: rename it")
    for given in typed.values:
        if given not in engine and not (alone and given in known):
            hint = spelling_hint(given, [*known, *engine]) if alone else "; with several strategies give rules only"
            raise ConfigurationError(f"unknown parameter {given!r}{hint}")
    parameters = {key: value for key, value in typed.values.items() if key in known}
    made = researched_strategy(config_dir, name, parameters)
    live = live_rules(made.plan.lifecycle, finest.ms, entry=made.plan.strategy.trade_rules)
    rules = {key: _rule(key, str(value)) for key, value in typed.values.items() if key in engine}
    given_rules = _at_closes_of(live, {key: value for key, value in rules.items() if key not in _step_names()})
    if typed.preset:
        refuse_contradiction(typed.preset, given_rules, live)
    # The preset first: what was typed changes the preset, and the preset what is live.
    config = live.with_values(_completed(live, preset_named(typed.preset or LIVE)))
    config = config.with_values(_completed(config, given_rules))
    differs = (*made.changed, *differences(config, live))
    return _Ruled(made.plan, config, differs, made.assumed)


def _at_closes_of(live: BacktestConfig, given: Mapping[str, object]) -> dict[str, object]:
    """A trail and a funding exit are typed as formulas; the closes at which they are asked stay those of the file."""
    funding, before = given.get("funding_exit"), live.exits.funding_exit
    if isinstance(funding, FundingExit) and before is not None:
        given = {**given, "funding_exit": replace(funding, every=before.every)}
    trail, configured = given.get("trail"), live.exits.trail
    if configured is None or not isinstance(trail, AtrTrail | PivotTrail | PercentTrail):
        return dict(given)
    return {**given, "trail": replace(trail, every=configured.every)}


def _step_names() -> set[str]:
    return {spec.name for spec in fields(Steps)}


def _parameter_names(config_dir: Path, name: str) -> list[str]:
    """The strategy's own parameters."""
    from trading_pipeline.adapters.parameters.strategy_files import find_strategy

    return [spec.name for spec in fields(find_strategy(config_dir, name, {}).parameters)]


def _completed(config: BacktestConfig, changes: Mapping[str, object]) -> dict[str, object]:
    """What goes without saying: one sizing rule replaces another, and nothing waits for a target that is gone."""
    found = dict(changes)
    if any(changes.get(name) is not None for name in SIZING_RULES if name != "risk_per_trade"):
        found.setdefault("risk_per_trade", None)
        found.setdefault("amount", None)
    # Fewer targets than the file has would leave a count that no fill can reach, which is refused.
    targets = changes.get("targets")
    if isinstance(targets, tuple):
        for name in ("break_even_after_targets", "trail_after_targets"):
            found.setdefault(name, min(len(targets), getattr(config.exits, name)))
    return found


def _rule(name: str, text: str) -> object:
    """A rule's value from its text; ranges are the configuration's to check."""
    if name in _CHOICES:
        return _choice(name, text, _CHOICES[name])
    parsers = {"targets": _targets, "trail": _trail, "funding_exit": _funding_exit}
    if name in parsers:
        return parsers[name](text)
    if name in _SWITCHES:
        if text.lower() not in _FLAGS:
            raise ConfigurationError(f"{name} = {text}: must be true or false")
        return _FLAGS[text.lower()]
    if text.lower() == "none":
        _require_switch_off(name)
        return None
    if name == "amount":
        sizes = ", ".join(SIZING_RULES)
        raise ConfigurationError(f"amount = {text}: the live sizing model is written in risk.yaml; here give {sizes}")
    if name == "volatility":
        return _volatility(text)
    if name == "kelly":
        return _kelly(text)
    return _number(name, text)


def _require_switch_off(name: str) -> None:
    """``none`` is for limits that can be off."""
    # The declared type says which rules have an off position, so that the list cannot fall behind the rules.
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
    # What wants a whole number, bars and layers, would refuse 3.0.
    return int(value) if value == int(value) else value


def _step(name: str, value: object) -> float:
    """A step or minimum of an instrument.

    Of prices and of an order's worth it is quote currency, of quantities base currency.
    """
    if not isinstance(value, int | float) or value < 0:
        raise ConfigurationError(f"{name} = {value}: must be 0 or more")
    return float(value)


def _targets(text: str) -> tuple[ExitTarget, ...]:
    """``1:0.4,2:0.4`` or ``none``: distance in the ``target_unit``, then the fraction of the entry that it closes."""
    if text.lower() == "none":
        return ()
    found = []
    for part in text.split(","):
        distance, colon, fraction = part.partition(":")
        if not colon:
            raise ConfigurationError(f"targets = {text}: write DISTANCE:FRACTION pairs such as 1:0.4,2:0.4, or none")
        found.append(ExitTarget(_number("targets", distance), _number("targets", fraction)))
    return tuple(found)


def _funding_exit(text: str) -> FundingExit | None:
    """``10:0.3`` for ten minutes and 0.3 R, or ``none``."""
    minutes, separator, below_r = text.partition(":")
    if text.lower() == "none":
        return None
    if not separator:
        raise ConfigurationError(f"funding_exit = {text}: write MINUTES:R such as 10:0.3, or none")
    return FundingExit(_count(minutes, "funding_exit"), _number("funding_exit", below_r))


def _trail(text: str) -> Trail:
    """A rule for the runner's stop, as ``_TRAILS`` writes them.

    ``MULTIPLE`` is of the ATR; ``PERIOD``, ``LEFT`` and ``RIGHT`` are bars; ``ACTIVATION`` and ``OFFSET`` are each a
    fraction of the price, 0.01 for 1 %.
    """
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
    """``0.05:0.5`` or ``0.05:0.5:14``.

    A fraction of the free cash, the ATR in percent at which just that is staked, and the ATR's bars.
    """
    fraction, *rest = text.split(":")
    if not 1 <= len(rest) <= 2:
        raise ConfigurationError(f"volatility = {text}: write FRACTION:TARGET_PCT[:PERIOD] such as 0.05:0.5:14")
    period = _count(rest[1], "volatility") if len(rest) == 2 else VolatilitySizing().period
    return VolatilitySizing(_number("volatility", fraction), _number("volatility", rest[0]), period)


def _kelly(text: str) -> KellySizing:
    """``0.55:1.2:1.0`` or ``0.55:1.2:1.0:0.05``.

    The share of trades that won, their mean gain and the others' mean loss in percent, and the largest fraction of free
    cash.
    """
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

"""A strategy as the configuration runs it, for research: enabled or not, with some parameters changed.

Research also takes what trading would refuse: a strategy without a file, a folder without limits or costs. What
is missing is said, so that a result never passes for the live one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from pathlib import Path

from trading_pipeline.adapters.parameters.costs import load_costs
from trading_pipeline.adapters.parameters.risk import load_risk
from trading_pipeline.adapters.parameters.strategies import file_of, refuse_unknown_momentum
from trading_pipeline.adapters.parameters.strategy_files import find_strategy
from trading_pipeline.adapters.parameters.strategy_sections import STANDARD_EXITS
from trading_pipeline.adapters.parameters.universe import instrument_named, usual_venue
from trading_pipeline.domain.lifecycle.costs import Costs
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.risk.gate import live_only
from trading_pipeline.domain.risk.limits import RiskLimits
from trading_pipeline.domain.strategies.framework.base import Strategy
from trading_pipeline.domain.strategies.framework.plan import StrategyConfig

# The numbers of the engine's `Limits`, so that a strategy without a configuration runs under its defaults.
_LIMITS = RiskLimits(Decimal("0.005"), 3, Decimal(5), Decimal("0.05"), 1, 10, 1)
_NO_COSTS = Costs(Decimal(0), Decimal(0), Decimal(0), Decimal(0), 8)


@dataclass(frozen=True, slots=True)
class ResearchedStrategy:
    """What is run.

    :param changed: parameters that are not those of the file, with both values.
    :param assumed: what the configuration does not say.
    """

    plan: StrategyConfig
    changed: tuple[str, ...]
    assumed: tuple[str, ...]


def researched_strategy(config_dir: Path, name: str, parameters: Mapping[str, object]) -> ResearchedStrategy:
    """The strategy with the parameters, exits, limits and costs of the configuration.

    :param parameters: in place of those in its file; the others keep the file's values.
    :raises ConfigurationError: unknown strategy or parameter, a value out of range, a broken file, or several.
    """
    found, assumed = file_of(config_dir, name), []
    limits, costs = _LIMITS, _NO_COSTS
    if (config_dir / "risk.yaml").exists():
        limits = load_risk(config_dir)
        assumed += [f"no {name}, which only the live gate asks" for name in live_only(limits)]
        if limits.cooldowns.bars:
            assumed.append(f"cooldown_bars {limits.cooldown_bars} on every timeframe")
    else:
        assumed.append("no risk.yaml, so the engine's limits")
    if (config_dir / "costs.yaml").exists():
        costs = load_costs(config_dir)
    else:
        assumed.append("no costs.yaml, so no fees and no funding")
    if found is None:
        assumed.append(f"no file in config/strategies runs {name}, so the standard exits")
        strategy = find_strategy(config_dir, name, dict(parameters))
        lifecycle = STANDARD_EXITS.lifecycle(limits, costs)
        return ResearchedStrategy(StrategyConfig(strategy, tuple(Timeframe), (), lifecycle), (), tuple(assumed))
    path, content = found
    strategy = find_strategy(config_dir, name, {**content.parameters, **parameters})
    # Built once more without the changes, so that what differs is told by typed values: 2 and 2.0 do not.
    filed = find_strategy(config_dir, name, dict(content.parameters))
    refuse_unknown_momentum(path, filed, content.lifecycle)
    guards = content.guards.guards() if content.guards else None
    lifecycle = content.lifecycle.lifecycle(limits, costs)
    venue = usual_venue(config_dir)
    instrument_ids = tuple(instrument_named(symbol, venue) for symbol in content.symbols)
    plan = StrategyConfig(strategy, content.timeframes, instrument_ids, lifecycle, guards)
    return ResearchedStrategy(plan, tuple(_changed(strategy, filed)), tuple(assumed))


def _changed(strategy: Strategy, filed: Strategy) -> list[str]:
    """Parameters that differ."""
    pairs = [
        (spec.name, getattr(strategy.parameters, spec.name), getattr(filed.parameters, spec.name))
        for spec in fields(filed.parameters)
    ]
    return [f"{name} {_shown(mine)} (live: {_shown(theirs)})" for name, mine, theirs in pairs if mine != theirs]


def _shown(value: object) -> str:
    return ",".join(map(str, value)) or "none" if isinstance(value, tuple) else str(value)

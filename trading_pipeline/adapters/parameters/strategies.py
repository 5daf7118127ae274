"""``strategies/*.yaml``: one file per strategy that runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trading_pipeline.adapters.parameters.costs import load_costs
from trading_pipeline.adapters.parameters.reading import read
from trading_pipeline.adapters.parameters.risk import load_risk
from trading_pipeline.adapters.parameters.strategy_files import check_name, find_strategy
from trading_pipeline.adapters.parameters.strategy_sections import LifecycleSection, StrategyFile
from trading_pipeline.adapters.parameters.universe import instrument_named, load_universe
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.universe import Universe
from trading_pipeline.domain.strategies.framework.base import Strategy
from trading_pipeline.domain.strategies.framework.plan import StrategyConfig


def load_strategies(config_dir: Path) -> list[StrategyConfig]:
    """The enabled strategies of ``config_dir/strategies``, in order of their file names.

    Of disabled files the keys, their types and the strategy's name are checked, so that a slip does not
    wait for the day they are switched on. They need not fit the universe, and their strategies are not
    built: each would bring its code, and the compiler some need, into every process that runs.

    :raises ConfigurationError: no file, a broken rule, an unknown strategy, a bad parameter, instrument or
        timeframe of an enabled file, or two enabled files that would decide the same thing.
    """
    folder = config_dir / "strategies"
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        raise ConfigurationError(f"{folder} contains no *.yaml file; check TRADING_CONFIG_DIR")
    universe, limits, costs = load_universe(config_dir), load_risk(config_dir), load_costs(config_dir)
    plans: list[StrategyConfig] = []
    for path in paths:
        content = read(path, StrategyFile)
        with _naming_file(path):
            check_name(config_dir, content.strategy)
        # After its name, which has to exist in a draft as well.
        if not content.enabled:
            continue
        with _naming_file(path):
            instrument_ids = tuple(instrument_named(name, universe.venue) for name in content.symbols)
        _refuse_unknown(path, "symbols", instrument_ids, universe.instrument_ids)
        _refuse_unknown(path, "timeframes", content.timeframes, universe.timeframes)
        _refuse_unknown(path, "watched", content.watched, universe.timeframes)
        with _naming_file(path):
            strategy = find_strategy(config_dir, content.strategy, dict(content.parameters))
        _refuse_unknown(path, "higher timeframes", strategy.higher_timeframes, universe.timeframes)
        refuse_unknown_momentum(path, strategy, content.lifecycle)
        _refuse_late_funding_exit(path, content.lifecycle, universe)
        _refuse_layered_levels(path, strategy, content.lifecycle)
        guards = content.guards.guards() if content.guards else None
        lifecycle = content.lifecycle.lifecycle(limits, costs)
        plan = StrategyConfig(strategy, content.timeframes, instrument_ids, lifecycle, guards, content.watched)
        # Against the files before it: of two that share bars the later one is named, once.
        _refuse_overlap(path, plan, plans, universe)
        plans.append(plan)
    return plans


def configured_names(config_dir: Path) -> list[str]:
    """Names of the strategies that have a file, enabled or not, sorted; none of them is built."""
    return sorted({read(path, StrategyFile).strategy for path in (config_dir / "strategies").glob("*.yaml")})


def file_of(config_dir: Path, name: str) -> tuple[Path, StrategyFile] | None:
    """The file that runs a strategy, and what it says; of several the enabled one, ``None`` without any.

    :raises ConfigurationError: unknown strategy, a file that breaks a rule, or several that could be meant.
    """
    check_name(config_dir, name)
    paths = sorted((config_dir / "strategies").glob("*.yaml"))
    found = [(path, content) for path in paths if (content := read(path, StrategyFile)).strategy == name]
    # A disabled file beside an enabled one is a draft.
    meant = [one for one in found if one[1].enabled] or found
    if len(meant) > 1:
        names = ", ".join(path.name for path, _ in meant)
        raise ConfigurationError(
            f"{name} is run by {names}: one strategy is backtested by one file; enable one of them"
        )
    return meant[0] if meant else None


@contextmanager
def _naming_file(path: Path) -> Iterator[None]:
    """Put the file before what is wrong in it."""
    try:
        yield
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from error


def _refuse_unknown(path: Path, key: str, names: tuple[str, ...], known: tuple[str, ...]) -> None:
    """An instrument or timeframe that is not collected would silently never be traded."""
    strangers = [name for name in names if name not in known]
    if strangers:
        raise ConfigurationError(f"{path}: {key}: {', '.join(strangers)} not in universe.yaml ({', '.join(known)})")


def refuse_unknown_momentum(path: Path, strategy: Strategy, lifecycle: LifecycleSection) -> None:
    """Without the entry bar's momentum the rule would keep every position: as good as not set.

    :raises ConfigurationError: names the file and the strategy.
    """
    if lifecycle.next_bar_exit and not strategy.tells_momentum:
        raise ConfigurationError(
            f"{path}: lifecycle.next_bar_exit: signals of {strategy.name} carry no MACD histogram to compare with; "
            "leave it out"
        )


def _refuse_late_funding_exit(path: Path, lifecycle: LifecycleSection, universe: Universe) -> None:
    """It is asked at closes: with a window shorter than the finest bar none of them may lie in it."""
    minutes, rule = universe.finest.ms // 60_000, lifecycle.funding_exit
    if rule is not None and rule.minutes < minutes:
        raise ConfigurationError(
            f"{path}: lifecycle.funding_exit.minutes {rule.minutes}: the finest bars close every {minutes} minutes; "
            f"give at least {minutes}, or collect finer bars"
        )


def _refuse_layered_levels(path: Path, strategy: Strategy, lifecycle: LifecycleSection) -> None:
    """Signals and levels that add to one position would take each other's numbers."""
    levels, layers = strategy.trade_rules.entry_levels, lifecycle.max_layers
    if levels > 1 and layers > 1:
        raise ConfigurationError(
            f"{path}: {strategy.name} enters in {levels} levels, and by max_layers = {layers} signals make up "
            "one position, too; set one of them to 1"
        )


def _refuse_overlap(path: Path, plan: StrategyConfig, others: list[StrategyConfig], universe: Universe) -> None:
    """Decisions are named by strategy, instrument, timeframe and bar: two parameter sets would share names."""
    for other in others:
        shared = [
            f"{instrument_id} {timeframe}"
            for instrument_id in universe.instrument_ids
            for timeframe in universe.timeframes
            if plan.looks_at(instrument_id, timeframe) and other.looks_at(instrument_id, timeframe)
        ]
        if other.strategy.name == plan.strategy.name and shared:
            raise ConfigurationError(
                f"{path}: strategy {plan.strategy.name} already runs on {shared[0]}; give each file its own bars"
            )

"""``strategies/*.yaml``: one file per strategy that runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, JsonValue, field_validator, model_validator

from trading_pipeline.adapters.parameters.costs import load_costs
from trading_pipeline.adapters.parameters.reading import Section, read
from trading_pipeline.adapters.parameters.risk import load_risk
from trading_pipeline.adapters.parameters.strategy_files import check_name, find_strategy
from trading_pipeline.adapters.parameters.universe import InstrumentName, TimeframeName, instrument_named, load_universe
from trading_pipeline.domain.lifecycle.costs import Costs
from trading_pipeline.domain.lifecycle.lifecycle import EntryTiming, Lifecycle, StopTrigger
from trading_pipeline.domain.model.entry_orders import EntryOrder
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.guards import EntryGuards
from trading_pipeline.domain.model.orders import TAKE_PROFITS, OrderType
from trading_pipeline.domain.model.plans import ExitRules, FundingExitRule, Opposite, Runner, Target, TrailAt, TrailRule
from trading_pipeline.domain.model.universe import Universe
from trading_pipeline.domain.risk.limits import RiskLimits
from trading_pipeline.domain.strategies.framework.base import Strategy
from trading_pipeline.domain.strategies.framework.plan import StrategyConfig

_SNAPSHOT_ATR_PERIODS = (14,)
"""The trailing stop reads its ATR from the indicator snapshots, which hold ``atr_14`` and ``atr_simple_14``."""

_UNREAD = {
    TrailRule.ATR: {"activation", "offset"},
    TrailRule.ATR_SIMPLE: {"activation", "offset"},
    TrailRule.PIVOT: {"atr_multiple", "atr_period", "activation", "offset"},
    TrailRule.PERCENT: {"atr_multiple", "atr_period"},
    TrailRule.NONE: {"atr_multiple", "atr_period", "trail_at", "activation", "offset"},
}
"""Keys of the runner that a rule does not read."""

Fraction = Annotated[Decimal, Field(gt=0, le=1)]


class _TargetSection(Section):
    r_multiple: Annotated[Decimal, Field(gt=0, le=100)]
    fraction: Fraction


class _RunnerSection(Section):
    """``atr_multiple`` and ``atr_period`` are read by the rules ``atr`` and ``atr_simple`` alone, ``activation`` and
    ``offset`` by ``percent``, ``trail_at`` by all but ``none``."""

    fraction: Annotated[Decimal, Field(ge=0, le=1)]
    atr_multiple: Annotated[Decimal, Field(gt=0, le=100)] = Decimal(3)
    atr_period: int = _SNAPSHOT_ATR_PERIODS[0]
    trail: TrailRule = TrailRule.ATR
    trail_at: TrailAt = TrailAt.POSITION
    activation: Annotated[Decimal, Field(ge=0, le=Decimal("0.5"))] = Decimal("0.01")
    offset: Annotated[Decimal, Field(ge=Decimal("0.001"), le=Decimal("0.2"))] = Decimal("0.005")

    @field_validator("atr_period")
    @classmethod
    def _in_the_snapshots(cls, period: int) -> int:
        if period not in _SNAPSHOT_ATR_PERIODS:
            raise ValueError(f"indicator snapshots hold ATR {', '.join(map(str, _SNAPSHOT_ATR_PERIODS))} only")
        return period

    @model_validator(mode="after")
    def _what_the_rule_reads(self) -> Self:
        unread = sorted(_UNREAD.get(self.trail, set()) & self.model_fields_set)
        if unread:
            raise ValueError(f"trail {self.trail} does not read {', '.join(unread)}; leave it out")
        return self


class _EntryOrderSection(Section):
    """All but ``order_type`` is read of limit orders alone."""

    order_type: OrderType = OrderType.MARKET
    timeout_s: Annotated[int, Field(ge=1, le=3600)] = 15
    partial_timeout_s: Annotated[int, Field(ge=1, le=3600)] = 20
    max_retries: Annotated[int, Field(ge=0, le=5)] = 2
    reprice_bps: Annotated[Decimal, Field(ge=0, le=100)] = Decimal(5)
    market_fallback: bool = True

    @model_validator(mode="after")
    def _what_the_type_reads(self) -> Self:
        unread = sorted(self.model_fields_set - {"order_type"})
        if self.order_type is OrderType.MARKET and unread:
            raise ValueError(f"entry by market order does not read {', '.join(unread)}; leave it out")
        return self


class _FundingExitSection(Section):
    minutes: Annotated[int, Field(ge=1, le=1440)] = 10
    below_r: Annotated[Decimal, Field(ge=-10, le=100)] = Decimal("0.3")


class _LifecycleSection(Section):
    """The exits of a strategy's trades; ``docs/lifecycle.md`` says what each key means."""

    targets: Annotated[tuple[_TargetSection, ...], Field(min_length=1, max_length=len(TAKE_PROFITS))]
    runner: _RunnerSection
    break_even_after_targets: Annotated[int, Field(ge=0, le=len(TAKE_PROFITS))] = 1
    next_bar_exit: bool = False
    strategy_exits: bool = True
    opposite: Opposite = Opposite.IGNORE
    max_layers: Annotated[int, Field(ge=1, le=99)] = 1
    funding_exit: _FundingExitSection | None = None
    entry_order: _EntryOrderSection = _EntryOrderSection()
    entry: EntryTiming = EntryTiming.BAR_CLOSE
    stop_trigger: StopTrigger = StopTrigger.LAST_PRICE

    @model_validator(mode="after")
    def _whole_and_ordered(self) -> Self:
        total = sum((target.fraction for target in self.targets), self.runner.fraction)
        # Exactly, as these are decimals: 0.4 + 0.4 + 0.2 is 1.
        if total != 1:
            raise ValueError(f"fractions of targets and runner add up to {total}, they must add up to 1")
        multiples = [target.r_multiple for target in self.targets]
        if multiples != sorted(set(multiples)):
            raise ValueError("targets must stand nearest first, each farther than the one before")
        if self.break_even_after_targets > len(self.targets):
            raise ValueError(
                f"break_even_after_targets {self.break_even_after_targets}: there are {len(multiples)} targets"
            )
        return self

    def lifecycle(self, limits: RiskLimits, costs: Costs) -> Lifecycle:
        """The same in domain types, with what the account and the venue add."""
        return Lifecycle(
            targets=tuple(Target(target.r_multiple, target.fraction) for target in self.targets),
            runner=Runner(**dict(self.runner)),
            limits=limits,
            costs=costs,
            exit_rules=ExitRules(
                self.break_even_after_targets,
                self.strategy_exits,
                self.opposite,
                self.max_layers,
                None if self.funding_exit is None else FundingExitRule(**dict(self.funding_exit)),
            ),
            next_bar_exit=self.next_bar_exit,
            entry_order=EntryOrder(**dict(self.entry_order)),
            entry=self.entry,
            stop_trigger=self.stop_trigger,
        )


STANDARD_EXITS = _LifecycleSection(
    targets=(
        _TargetSection(r_multiple=Decimal(1), fraction=Decimal("0.4")),
        _TargetSection(r_multiple=Decimal(2), fraction=Decimal("0.4")),
    ),
    runner=_RunnerSection(fraction=Decimal("0.2")),
)
"""Of a strategy that no file runs: a user's own."""


class _GuardsSection(Section):
    max_spread_bps: Annotated[Decimal, Field(ge=0, le=1000)]
    min_depth_usdt: Annotated[Decimal, Field(ge=0)]
    max_book_age_s: Annotated[int, Field(ge=1, le=60)]
    min_minutes_to_funding: Annotated[int, Field(ge=0, le=240)]
    enter_within_s: Annotated[int, Field(ge=1, le=3600)]

    def guards(self) -> EntryGuards:
        """The same in domain types."""
        return EntryGuards(**dict(self))


class _StrategyFile(Section):
    """Keys of one file; the strategy itself checks its parameters."""

    strategy: str
    enabled: bool
    timeframes: Annotated[tuple[TimeframeName, ...], Field(min_length=1)]
    watched: tuple[TimeframeName, ...] = ()
    symbols: tuple[InstrumentName, ...] = ()
    parameters: dict[str, JsonValue]
    lifecycle: _LifecycleSection
    guards: _GuardsSection | None = None

    @model_validator(mode="after")
    def _traded_or_watched(self) -> Self:
        both = sorted(set(self.timeframes) & set(self.watched), key=lambda timeframe: timeframe.ms)
        if both:
            raise ValueError(f"{', '.join(both)} is traded (timeframes) and watched; a timeframe is one or the other")
        return self


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
        content = read(path, _StrategyFile)
        with _naming_file(path):
            check_name(config_dir, content.strategy)
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
        _refuse_entry_grid(path, strategy)
        guards = content.guards.guards() if content.guards else None
        lifecycle = content.lifecycle.lifecycle(limits, costs)
        plan = StrategyConfig(strategy, content.timeframes, instrument_ids, lifecycle, guards, content.watched)
        _refuse_overlap(path, plan, plans, universe)
        plans.append(plan)
    return plans


def configured_names(config_dir: Path) -> list[str]:
    """Names of the strategies that have a file, enabled or not, sorted; none of them is built."""
    return sorted({read(path, _StrategyFile).strategy for path in (config_dir / "strategies").glob("*.yaml")})


def file_of(config_dir: Path, name: str) -> tuple[Path, _StrategyFile] | None:
    """The file that runs a strategy, and what it says; of several the enabled one, ``None`` without any.

    :raises ConfigurationError: unknown strategy, a file that breaks a rule, or several that could be meant.
    """
    check_name(config_dir, name)
    paths = sorted((config_dir / "strategies").glob("*.yaml"))
    found = [(path, content) for path in paths if (content := read(path, _StrategyFile)).strategy == name]
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


def refuse_unknown_momentum(path: Path, strategy: Strategy, lifecycle: _LifecycleSection) -> None:
    """Without the entry bar's momentum the rule would keep every position: as good as not set.

    :raises ConfigurationError: names the file and the strategy.
    """
    if lifecycle.next_bar_exit and not strategy.tells_momentum:
        raise ConfigurationError(
            f"{path}: lifecycle.next_bar_exit: signals of {strategy.name} carry no MACD histogram to compare with; "
            "leave it out"
        )


def _refuse_late_funding_exit(path: Path, lifecycle: _LifecycleSection, universe: Universe) -> None:
    """It is asked at closes: with a window shorter than the finest bar none of them may lie in it."""
    minutes, rule = universe.finest.ms // 60_000, lifecycle.funding_exit
    if rule is not None and rule.minutes < minutes:
        raise ConfigurationError(
            f"{path}: lifecycle.funding_exit.minutes {rule.minutes}: the finest bars close every {minutes} minutes; "
            f"give at least {minutes}, or collect finer bars"
        )


def _refuse_entry_grid(path: Path, strategy: Strategy) -> None:
    """A plan has one entry: the whole of a grid would be entered at its first level."""
    levels = strategy.trade_rules.entry_levels
    if levels > 1:
        raise ConfigurationError(
            f"{path}: {strategy.name} enters in {levels} levels, a plan carries one entry; set entry_levels to 1 and "
            "keep grids to backtests"
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

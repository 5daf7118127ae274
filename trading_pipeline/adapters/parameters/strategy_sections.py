"""The keys of a strategy's file, their ranges, and what they are in domain types."""

from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, JsonValue, field_validator, model_validator

from trading_pipeline.adapters.parameters.reading import Section
from trading_pipeline.adapters.parameters.universe import InstrumentName, TimeframeName
from trading_pipeline.domain.lifecycle.costs import Costs
from trading_pipeline.domain.lifecycle.lifecycle import EntryTiming, Lifecycle, StopTrigger
from trading_pipeline.domain.model.entry_orders import EntryOrder
from trading_pipeline.domain.model.guards import EntryGuards
from trading_pipeline.domain.model.orders import TAKE_PROFITS, OrderType
from trading_pipeline.domain.model.plans import ExitRules, FundingExitRule, Opposite, Runner, Target, TrailAt, TrailRule
from trading_pipeline.domain.risk.limits import RiskLimits

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
        # A key that changes nothing reads as if it did; a file must not promise what its rule ignores.
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
        # Likewise: a timeout beside a market order would be waited for by nobody.
        if self.order_type is OrderType.MARKET and unread:
            raise ValueError(f"entry by market order does not read {', '.join(unread)}; leave it out")
        return self


class _FundingExitSection(Section):
    minutes: Annotated[int, Field(ge=1, le=1440)] = 10
    below_r: Annotated[Decimal, Field(ge=-10, le=100)] = Decimal("0.3")


class LifecycleSection(Section):
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
        # Orders are numbered by nearness: TP2 before TP1 would fill under the other's name.
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


STANDARD_EXITS = LifecycleSection(
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


class StrategyFile(Section):
    """Keys of one file; the strategy itself checks its parameters."""

    strategy: str
    enabled: bool
    timeframes: Annotated[tuple[TimeframeName, ...], Field(min_length=1)]
    watched: tuple[TimeframeName, ...] = ()
    symbols: tuple[InstrumentName, ...] = ()
    parameters: dict[str, JsonValue]
    lifecycle: LifecycleSection
    guards: _GuardsSection | None = None

    @model_validator(mode="after")
    def _traded_or_watched(self) -> Self:
        both = sorted(set(self.timeframes) & set(self.watched), key=lambda timeframe: timeframe.ms)
        if both:
            raise ValueError(f"{', '.join(both)} is traded (timeframes) and watched; a timeframe is one or the other")
        return self

"""What a backtest assumes: execution, costs, account limits and the life of a position.

Every field is honoured by the engine. Values outside their range, names that do not exist and
combinations in which a field would have no effect are refused.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from typing import Self, TypeVar

from trading_pipeline.domain.backtest.codes import EntriesBy, Opposite, Smoothing, Timing, Unit
from trading_pipeline.domain.lifecycle.costs import UNEVEN, settles_evenly
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.intrabar_paths import IntrabarPath
from trading_pipeline.domain.portfolio.sizing import SizingRule, kelly_fraction
from trading_pipeline.domain.strategies.framework.parameters import spelling_hint

Number = TypeVar("Number", int, float)


def bounded(default: Number, low: float, high: float) -> Number:
    """A field that must lie in the closed range ``low`` to ``high``."""
    made: Number = field(default=default, metadata={"range": (low, high)})
    return made


def required(low: float, high: float) -> float:
    """A field without a default that must lie in the closed range ``low`` to ``high``."""
    made: float = field(metadata={"range": (low, high)})
    return made


def optional(low: float, high: float) -> float | None:
    """A field that is off (``None``) or lies in the closed range ``low`` to ``high``."""
    made: float | None = field(default=None, metadata={"range": (low, high)})
    return made


class Checked:
    """Base of the configuration's parts: holds every number against its range when it is built."""

    __slots__ = ()

    def __post_init__(self) -> None:
        for spec in fields(self):  # type: ignore[arg-type]
            value = getattr(self, spec.name)
            if "range" not in spec.metadata or value is None:
                continue
            low, high = spec.metadata["range"]
            # The type is `int` itself and not its name: this module must not postpone its annotations.
            whole = spec.type is not int or value == int(value)
            # True and False are integers to Python; NaN fails every comparison, and so this one too.
            if isinstance(value, bool) or not low <= value <= high or not whole:
                kind = "a whole number" if spec.type is int else "a number"
                raise ConfigurationError(f"{spec.name} = {value}: must be {kind} between {low:g} and {high:g}")
        self.check()

    def check(self) -> None:
        """Refuse combinations that make no sense together.

        :raises ConfigurationError: with the names, the values and the rule.
        """


@dataclass(frozen=True, slots=True)
class ExitTarget(Checked):
    """A take profit: its distance from the entry and the share of the entry it closes.

    The distance is in the ``target_unit`` of the exits, R or a fraction of the entry price; the share is a fraction.
    """

    distance: float = bounded(1.0, 1e-4, 100.0)
    fraction: float = bounded(1.0, 0.001, 1.0)

    def __str__(self) -> str:
        """As it is typed: ``1:0.4``."""
        return f"{self.distance:g}:{self.fraction:g}"


# A month, the longest bar there is.
LONGEST_BAR_MS = 31 * 86_400_000


@dataclass(frozen=True, slots=True)
class AtrTrail(Checked):
    """The runner's stop stays ``multiple`` ATR from the close; ``period`` in bars.

    :param every: ms; 0 moves it at closes of the trade's own timeframe, else at every close of the path that
        is a multiple of it, by that close and the ATR of the newest closed bar. The other trails likewise.
    """

    multiple: float = bounded(3.0, 0.1, 50.0)
    period: int = bounded(14, 2, 500)
    smoothing: Smoothing = Smoothing.SIMPLE
    every: int = bounded(0, 0, LONGEST_BAR_MS)

    def __str__(self) -> str:
        """As it is typed: ``atr:3:14:wilder``."""
        return f"atr:{self.multiple:g}:{self.period}:{self.smoothing.name.lower()}"


@dataclass(frozen=True, slots=True)
class PivotTrail(Checked):
    """The runner's stop is the newest confirmed pivot low (long) or high (short); bars on either side."""

    left: int = bounded(2, 1, 50)
    right: int = bounded(2, 1, 50)
    every: int = bounded(0, 0, LONGEST_BAR_MS)

    def __str__(self) -> str:
        """As it is typed: ``pivot:2:2``."""
        return f"pivot:{self.left}:{self.right}"


@dataclass(frozen=True, slots=True)
class PercentTrail(Checked):
    """Once the price has moved ``activation`` in favour, the stop stays ``offset`` behind the best price.

    Either is a fraction of the price, 0.01 for 1 %. The best price is read at closes from the bars' extremes.
    """

    activation: float = bounded(0.01, 0.0, 0.5)
    offset: float = bounded(0.005, 0.001, 0.2)
    every: int = bounded(0, 0, LONGEST_BAR_MS)

    def __str__(self) -> str:
        """As it is typed: ``percent:0.01:0.005``."""
        return f"percent:{self.activation:g}:{self.offset:g}"


@dataclass(frozen=True, slots=True)
class FundingExit(Checked):
    """Leave before a settlement of funding while the gain is small.

    :param minutes: to the settlement, at most.
    :param below_r: the gain, in R of the average entry, below which the position is left.
    :param every: ms; only closes of the path that are a multiple of it are asked.
    """

    minutes: int = bounded(10, 1, 1440)
    below_r: float = bounded(0.3, -10.0, 100.0)
    every: int = bounded(60_000, 60_000, LONGEST_BAR_MS)

    def __str__(self) -> str:
        """As it is typed: ``10:0.3``."""
        return f"{self.minutes}:{self.below_r:g}"


Trail = AtrTrail | PivotTrail | PercentTrail | None


@dataclass(frozen=True, slots=True)
class Execution(Checked):
    """How orders meet the bars.

    :param timing: a market order fills at the deciding close or at the next open.
    :param path: order in which a bar visits its extremes.
    :param opposite: what an entry against the open position does.
    :param max_layers: entries that may make up one position.
    :param entry_expiry_bars: bars for which a limit or stop entry rests.
    """

    timing: Timing = Timing.BAR_CLOSE
    path: IntrabarPath = IntrabarPath.PULLBACK_FIRST
    opposite: Opposite = Opposite.IGNORE
    max_layers: int = bounded(1, 1, 99)
    entry_expiry_bars: int = bounded(1, 1, 100_000)


@dataclass(frozen=True, slots=True)
class Costs(Checked):
    """Basis points of notional per side. Slippage makes market and stop fills worse, never limits.

    :param maker_fee_bps: of fills that rested; below zero where the venue pays for them.
    :param funding_rate: share of notional that longs pay at every settlement that no record covers; see
        ``assumed_funding``.
    :param funding_hours: hours between those settlements, counted from midnight UTC.
    """

    maker_fee_bps: float = bounded(0.0, -10.0, 100.0)
    taker_fee_bps: float = bounded(0.0, 0.0, 100.0)
    slippage_bps: float = bounded(0.0, 0.0, 500.0)
    funding_rate: float = bounded(0.0, -0.04, 0.04)
    funding_hours: int = bounded(8, 1, 24)

    def check(self) -> None:
        """Settlements at the same times of every day."""
        if not settles_evenly(self.funding_hours):
            raise ConfigurationError(f"funding_hours = {self.funding_hours}: {UNEVEN}")


@dataclass(frozen=True, slots=True)
class VolatilitySizing(Checked):
    """Margin is ``fraction`` of free cash x ``target_pct`` / ATR in percent of the close at the deciding bar.

    Never more than the free cash. ``period`` of the ATR (Wilder) in bars; while it is unknown the entry is
    refused as too small.
    """

    fraction: float = bounded(0.05, 0.001, 1.0)
    target_pct: float = bounded(0.5, 0.001, 100.0)
    period: int = bounded(14, 2, 500)


@dataclass(frozen=True, slots=True)
class KellySizing(Checked):
    """Margin is Kelly's share of free cash, at most ``fraction`` of it; see ``kelly_fraction``.

    :param win_rate: share of trades that won, a fraction.
    :param average_win_pct: mean gain of a winning trade, percent; ``average_loss_pct`` mean loss of a losing one,
        percent, positive.
    """

    win_rate: float = required(0.01, 0.99)
    average_win_pct: float = required(0.001, 1000.0)
    average_loss_pct: float = required(0.001, 1000.0)
    fraction: float = bounded(0.05, 0.001, 0.5)

    @property
    def stake(self) -> float:
        """The share of free cash, a fraction."""
        numbers = (self.win_rate, self.average_win_pct, self.average_loss_pct)
        return min(float(kelly_fraction(*(Decimal(str(number)) for number in numbers))), self.fraction)

    def check(self) -> None:
        """An edge, as Kelly bets nothing without one."""
        if self.stake <= 0.0:
            raise ConfigurationError(
                f"win_rate = {self.win_rate}, average_win_pct = {self.average_win_pct}, average_loss_pct = "
                f"{self.average_loss_pct}: loses on average, so Kelly bets nothing; use another sizing rule"
            )


SIZING_RULES = ("risk_per_trade", "cash_fraction", "fixed_margin", "volatility", "kelly")
"""Fields of ``Limits`` of which one is set."""


@dataclass(frozen=True, slots=True)
class Limits(Checked):
    """Size and limits of entries, in the words of ``config/risk.yaml``. Ratios are fractions.

    Exactly one of ``risk_per_trade`` (of equity, lost at the stop), ``cash_fraction`` (of free cash, as
    margin), ``fixed_margin`` (quote currency), ``volatility`` and ``kelly`` is set; it sizes entries that
    bring no quantity.

    :param amount: the live sizing model, quote currency of notional out of the free balance, under
        ``risk_per_trade``; its volatility is ATR(14, Wilder) in percent of the deciding close.
    :param entries_by: order of entries at one instant.
    :param max_leverage: notional over margin of every position.
    :param maintenance_margin: share of notional at which an isolated position is liquidated.
    :param max_drawdown: fall from the equity peak after which no entry is taken any more.
    """

    risk_per_trade: float | None = field(default=0.005, metadata={"range": (1e-6, 1.0)})
    cash_fraction: float | None = optional(0.01, 1.0)
    fixed_margin: float | None = optional(1.0, 1e8)
    volatility: VolatilitySizing | None = None
    kelly: KellySizing | None = None
    max_open_positions: int = bounded(3, 1, 10_000)
    max_leverage: float = bounded(5.0, 1.0, 125.0)
    maintenance_margin: float = bounded(0.005, 0.0, 0.5)
    max_daily_loss: float | None = field(default=0.05, metadata={"range": (1e-4, 1.0)})
    cooldown_bars: int = bounded(1, 0, 100_000)
    max_drawdown: float | None = optional(0.01, 1.0)
    amount: SizingRule | None = None
    entries_by: EntriesBy = EntriesBy.SYMBOL

    def check(self) -> None:
        """One sizing rule, and a margin that is not eaten up at the entry."""
        if self.amount is not None and self.risk_per_trade is None:
            raise ConfigurationError("amount sizes under risk_per_trade, which is not set: set it, or leave amount out")
        given = [name for name in SIZING_RULES if getattr(self, name) is not None]
        if len(given) != 1:
            raise ConfigurationError(f"sizing by {given or 'nothing'}: set exactly one of {', '.join(SIZING_RULES)}")
        if self.maintenance_margin * self.max_leverage >= 1.0:
            raise ConfigurationError(
                f"maintenance_margin = {self.maintenance_margin} at max_leverage = {self.max_leverage}: "
                "a position would be liquidated at its entry; lower one of them"
            )


@dataclass(frozen=True, slots=True)
class Exits(Checked):
    """The life of a position after its entry. The defaults are the live lifecycle.

    :param targets: nearest first; what their fractions leave is the runner.
    :param target_unit: distances in R (|entry - stop|) or in fractions of the entry price.
    :param stop_fraction: distance of the stop as a fraction of price, for signals that bring no stop.
    :param break_even_after_targets: targets filled when the stop moves to the entry; 0 is never.
    :param trail: rule for the runner's stop.
    :param trail_after_targets: targets filled when the runner's stop takes over; 0 is from the entry.
    :param move_stop_at_close: stops follow targets at the bar's close instead of at once.
    :param next_bar_exit: leave at the first close after the entry bar at which the momentum series has
        not moved in favour.
    :param max_holding_bars: bars after which the position is closed; 0 is never.
    :param funding_exit: when a position is left before funding; ``None`` is never.
    :param strategy_exits: whether what the strategy says about leaving closes the position.
    """

    targets: tuple[ExitTarget, ...] = (ExitTarget(1.0, 0.4), ExitTarget(2.0, 0.4))
    target_unit: Unit = Unit.R
    stop_fraction: float | None = optional(1e-4, 0.99)
    break_even_after_targets: int = bounded(1, 0, 8)
    trail: Trail = AtrTrail()
    trail_after_targets: int = bounded(2, 0, 8)
    move_stop_at_close: bool = False
    next_bar_exit: bool = False
    max_holding_bars: int = bounded(0, 0, 1_000_000)
    strategy_exits: bool = True
    funding_exit: FundingExit | None = None

    def check(self) -> None:
        """Targets in order and within the position; nothing that would wait for a target that is not there."""
        distances = [target.distance for target in self.targets]
        total = math.fsum(target.fraction for target in self.targets)
        if len(distances) > 8 or distances != sorted(set(distances)) or total > 1.0 + 1e-9:
            raise ConfigurationError(
                f"targets at {distances} close {total:g}: give at most 8, nearest first, closing at most 1"
            )
        for name in ("break_even_after_targets", "trail_after_targets"):
            # Without a trail nothing waits for `trail_after_targets`, whose default is for two targets.
            if getattr(self, name) > len(self.targets) and (self.trail or name != "trail_after_targets"):
                raise ConfigurationError(f"{name} = {getattr(self, name)}: there are {len(self.targets)} targets")


@dataclass(frozen=True, slots=True)
class BacktestConfig(Checked):
    """All assumptions of one run. ``initial_capital`` is quote currency."""

    initial_capital: float = bounded(10_000.0, 100.0, 1e8)
    execution: Execution = field(default_factory=Execution)
    costs: Costs = field(default_factory=Costs)
    limits: Limits = field(default_factory=Limits)
    exits: Exits = field(default_factory=Exits)

    def check(self) -> None:
        """An entry whose slippage is not already its liquidation."""
        slipped, limits = self.costs.slippage_bps / 1e4, self.limits
        # The tighter case, a short: it fills at 1 - slippage of the
        # price, and its liquidation has to lie above that price.
        if (1.0 / limits.max_leverage - limits.maintenance_margin) * (1.0 - slipped) <= slipped:
            raise ConfigurationError(
                f"slippage_bps = {self.costs.slippage_bps} at max_leverage = {limits.max_leverage}: "
                "a position would be liquidated at its entry; lower one of them"
            )

    def with_values(self, values: Mapping[str, object]) -> Self:
        """The same with some fields changed; the parts' fields are named without their part.

        :raises ConfigurationError: a name is unknown (the nearest one is given) or a value is refused.
        """
        parts = {part: getattr(self, part) for part in ("execution", "costs", "limits", "exits")}
        # No two parts have a field of one name, so that a name is enough on a command line.
        known = {spec.name: part for part, made in parts.items() for spec in fields(made)}
        changes: dict[str, dict[str, object]] = {}
        for name, value in values.items():
            if name not in known and name != "initial_capital":
                raise ConfigurationError(f"unknown field {name!r}{spelling_hint(name, [*known, 'initial_capital'])}")
            changes.setdefault(known.get(name, ""), {})[name] = value
        for part, changed in changes.items():
            if part:
                parts[part] = replace(parts[part], **changed)
        capital = changes.get("", {}).get("initial_capital", self.initial_capital)
        if not isinstance(capital, int | float):
            raise ConfigurationError(f"initial_capital = {capital!r}: must be a number")
        return replace(self, initial_capital=float(capital), **parts)

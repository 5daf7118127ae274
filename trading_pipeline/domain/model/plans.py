"""A trade plan: what to do about a signal, complete before the first order is sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from trading_pipeline.domain.model.entry_orders import EntryOrder
from trading_pipeline.domain.model.guards import EntryGuards
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.scoring import Scoring
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.model.timeframes import Timeframe


class PlanStatus(StrEnum):
    """Life of a plan. Only ``NEW`` plans are claimed; ``HISTORICAL`` ones can never reach an order."""

    NEW = "new"
    HISTORICAL = "historical"
    CLAIMED = "claimed"
    EXECUTED = "executed"
    DENIED = "denied"
    REJECTED = "rejected"
    EXPIRED = "expired"
    FAILED = "failed"


class TrailRule(StrEnum):
    """Where the runner's stop comes from.

    ``atr``: a multiple of Wilder's ATR behind the close, ``atr_simple`` of the plain mean of true ranges,
    ``pivot`` the newest confirmed pivot, ``percent`` a fraction of the best price since the entry, ``none`` nowhere.
    """

    ATR = "atr"
    ATR_SIMPLE = "atr_simple"
    PIVOT = "pivot"
    PERCENT = "percent"
    NONE = "none"


class TrailAt(StrEnum):
    """The closes that move the runner's stop: those of the position's timeframe, or of the finest there is."""

    POSITION = "position"
    FINEST = "finest"


class Opposite(StrEnum):
    """What a signal against the strategy's open position does."""

    IGNORE = "ignore"
    CLOSE = "close"
    REVERSE = "reverse"


@dataclass(frozen=True, slots=True)
class Target:
    """Take profit ``r_multiple`` risk units from the entry, for ``fraction`` of the filled quantity."""

    r_multiple: Decimal
    fraction: Decimal


@dataclass(frozen=True, slots=True)
class Runner:
    """The part of the position that has no target and is closed by a trailing stop.

    :param fraction: share of the filled quantity.
    :param atr_multiple: distance of the trailing stop from the close, in ATR.
    :param atr_period: bars in the ATR.
    :param activation: of ``percent``: how far the best price has to be from the average entry, a fraction of it.
    :param offset: of ``percent``: distance of the stop from the best price, a fraction of that.
    """

    fraction: Decimal
    atr_multiple: Decimal
    atr_period: int
    trail: TrailRule = TrailRule.ATR
    trail_at: TrailAt = TrailAt.POSITION
    activation: Decimal = Decimal("0.01")
    offset: Decimal = Decimal("0.005")


@dataclass(frozen=True, slots=True)
class FundingExitRule:
    """Leave at a close at most so many minutes before funding, unless the gain is large enough to pay for it.

    :param below_r: gain per unit, in R from the average entry to the initial stop, below which the position is left.
    """

    minutes: int = 10
    below_r: Decimal = Decimal("0.3")


@dataclass(frozen=True, slots=True)
class ExitRules:
    """How a position is left beside its stop, its targets and its runner.

    :param break_even_after_targets: targets filled when the stop moves to the average entry; 0 is never.
    :param strategy_exits: whether what the strategy says about leaving closes the position.
    :param opposite: what a signal of the same strategy, instrument and timeframe against the position does.
    :param max_layers: signals that may make up one position.
    :param funding_exit: ``None`` keeps positions through funding.
    """

    break_even_after_targets: int = 1
    strategy_exits: bool = True
    opposite: Opposite = Opposite.IGNORE
    max_layers: int = 1
    funding_exit: FundingExitRule | None = None


@dataclass(frozen=True, slots=True)
class NextBarRule:
    """Leave at the first close after the entry bar at which momentum has not moved in favour.

    :param momentum: MACD histogram (12, 26, 9) at the entry bar, quote currency; ``None`` is unknown, and
        then the position is kept.
    """

    momentum: Decimal | None


@dataclass(frozen=True, slots=True)
class SizingInputs:
    """What the quantity follows from, beside the account's money at the time of the order.

    :param model: the sizing model's name.
    :param numbers: what it reads, named as in ``config/risk.yaml``.
    :param volatility_pct: ATR (14 bars) over price at the decision, in percent; ``None`` where the model
        does not read it, or where it is unknown.
    """

    model: str
    numbers: Mapping[str, Decimal]
    volatility_pct: Decimal | None = None

    def __str__(self) -> str:
        """Model and numbers in one line."""
        return ", ".join([self.model, *(f"{name} {number}" for name, number in self.numbers.items())])


# 28 characters less the longest ending, "_TP1L99-99": 18 digits of SHA-256 are 72 bits, too many to collide.
_PLAN_ID_DIGITS = 18


def plan_id_of(signal_id: str) -> str:
    """The id of the plan that follows from a signal.

    So short that with purpose, layer and attempt a link id has at most 28 characters, as many as every venue takes
    (Gate.io: ``text``, https://www.gate.com/docs/developers/apiv4/en/#create-an-order).
    """
    return signal_id[:_PLAN_ID_DIGITS]


@dataclass(frozen=True, slots=True)
class EntryLevel:
    """A further entry of a plan: a limit order against the trade, behind the same stop.

    :param price: quote currency, as the strategy says it, not yet on the tick.
    :param share: of the plan's risk that it loses at the stop, between 0 and 1.
    :param valid_until: venue time (UTC) until which it may rest.
    """

    price: Decimal
    share: Decimal
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class TradePlan:
    """Entry, stop, exits, size and expiry derived from one signal.

    :param plan_id: see ``plan_id_of``; plans stored before identities had venues have 24 digits.
    :param valid_until: venue time after which no entry may be sent.
    :param next_bar_rule: ``None`` where the lifecycle does not have it.
    :param sizing: ``None`` in plans stored before they carried it; the gate denies those.
    :param setup_id: the stored setup behind the signal, ``None`` where its strategy has none.
    :param guards: what the gate asks of the moment; ``None`` asks nothing.
    :param exit_rules: how the position is left beside stop, targets and runner.
    :param scoring: the parts of ``score``, ``None`` where the strategy has none.
    :param entry_order: by which orders it is entered.
    :param levels: entries beside the first, nearest first; the first risks what they leave.
    :param entry_price: close of the deciding bar, quote currency; a limit order's first price.
    :param stop_price: quote currency, as the strategy says it, not yet on the tick.
    :param score: 0 to 100; orders entries where the limits say so, and decides nothing else.
    """

    plan_id: str
    signal_id: str
    strategy: str
    strategy_version: str
    instrument_id: InstrumentId
    timeframe: Timeframe
    close_time: datetime
    bias: Bias
    entry_price: Decimal
    stop_price: Decimal
    targets: tuple[Target, ...]
    runner: Runner
    score: Decimal
    valid_until: datetime
    next_bar_rule: NextBarRule | None
    sizing: SizingInputs | None
    setup_id: str | None
    guards: EntryGuards | None = None
    exit_rules: ExitRules = field(default_factory=ExitRules)
    scoring: Scoring | None = None
    entry_order: EntryOrder = field(default_factory=EntryOrder)
    levels: tuple[EntryLevel, ...] = ()

    @property
    def first_share(self) -> Decimal:
        """Of the plan's risk that its first entry loses at the stop, 1 where it is the only one."""
        return 1 - sum((level.share for level in self.levels), Decimal(0))

    @property
    def risk_per_unit(self) -> Decimal:
        """One R per unit of base currency: distance from entry to stop in quote currency."""
        return abs(self.entry_price - self.stop_price)


@dataclass(frozen=True, slots=True)
class PlanStanding:
    """How far a plan has come.

    :param reason: what the status came of; empty where the status says enough.
    :param run_id: the run that executes it or did; empty where none was to.
    :param ordered: whether it has an order, whatever became of that.
    """

    plan: TradePlan
    status: PlanStatus
    reason: str
    run_id: str
    ordered: bool


@dataclass(frozen=True, slots=True)
class PlansWritten:
    """:param changed: plans inserted, updated or upgraded; :param executable: plans of the wave that are ``new``."""

    changed: int
    executable: int


@dataclass(frozen=True, slots=True)
class Claim:
    """What a run may work on.

    :param plans: its plans; ``claim_plans`` puts them in the order of entries.
    :param expired: ids of plans that were given up, because their time was over before any order.
    """

    plans: tuple[TradePlan, ...]
    expired: tuple[str, ...]

"""A trade plan: what to do about a signal, complete before the first order is sent."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from trading_pipeline.domain.model.guards import EntryGuards
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
    """

    fraction: Decimal
    atr_multiple: Decimal
    atr_period: int


@dataclass(frozen=True, slots=True)
class TradePlan:
    """Entry, stop, targets and expiry derived from one signal.

    :param plan_id: first 24 characters of the signal id.
    :param valid_until: venue time after which no entry may be sent.
    :param guards: what the gate asks of the moment; ``None`` asks nothing.
    """

    plan_id: str
    signal_id: str
    strategy: str
    strategy_version: str
    symbol: str
    timeframe: Timeframe
    close_time: datetime
    bias: Bias
    entry_price: Decimal
    stop_price: Decimal
    targets: tuple[Target, ...]
    runner: Runner
    score: Decimal
    valid_until: datetime
    guards: EntryGuards | None = None

    @property
    def risk_per_unit(self) -> Decimal:
        """One R: distance from entry to stop in quote currency."""
        return abs(self.entry_price - self.stop_price)

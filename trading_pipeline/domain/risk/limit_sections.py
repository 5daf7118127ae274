"""The limits of each family of rules, named as in ``config/risk.yaml``. A limit of 0 switches its rule off."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from decimal import Decimal

from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.risk.differences import DifferenceKind

_OFF = Decimal(0)


@dataclass(frozen=True, slots=True)
class CircuitLimits:
    """Falls of equity below the first reading of the UTC day at which the account's circuit breaker opens.

    Both are fractions of that reading, measured at the day's lowest one, so that they hold until the day ends.

    :param soft: no entries for the rest of the day.
    :param hard: nothing is entered and everything is closed.
    """

    soft: Decimal = _OFF
    hard: Decimal = _OFF


@dataclass(frozen=True, slots=True)
class LossLimits:
    """What may be lost beside ``max_daily_loss``.

    :param max_daily_loss_amount: net loss of trades closed since UTC midnight, settlement currency.
    :param max_drawdown: fall of equity from its peak of the last 30 days, a fraction of the peak.
    :param max_loss_streak: losing trades in a row.
    :param loss_streak_hours: a trade that closed longer ago belongs to no streak.
    :param streak_size_step: share of the size that each loss of the streak takes off; a tenth is always left.
    """

    max_daily_loss_amount: Decimal = _OFF
    max_drawdown: Decimal = _OFF
    max_loss_streak: int = 0
    loss_streak_hours: int = 24
    streak_size_step: Decimal = _OFF


@dataclass(frozen=True, slots=True)
class ActivityLimits:
    """What the account may do in a stretch of venue time; turnover is quote currency, entries and exits alike.

    :param max_orders_5m: orders that filled within five minutes; ``max_orders_day`` within 24 hours.
    :param max_turnover_5m: traded within five minutes; ``max_turnover_day`` since UTC midnight.
    """

    max_orders_5m: int = 0
    max_turnover_5m: Decimal = _OFF
    max_orders_day: int = 0
    max_turnover_day: Decimal = _OFF


@dataclass(frozen=True, slots=True)
class CooldownLimits:
    """Rests, beside ``cooldown_bars`` after a stop.

    :param bars: ``cooldown_bars`` by timeframe, for those that rest longer or shorter.
    :param after_entry_s: seconds between two entries of the account.
    :param after_loss_s: seconds after a losing trade of the account.
    :param loss_factor: each further loss of the streak makes the rest this many times as long.
    :param max_after_loss_s: and never longer than this; 0 sets no end.
    :param anti_churn_s: seconds after a position of the same instrument and side was closed.
    """

    bars: Mapping[Timeframe, int] = field(default_factory=dict)
    after_entry_s: int = 0
    after_loss_s: int = 0
    loss_factor: Decimal = Decimal(1)
    max_after_loss_s: int = 0
    anti_churn_s: int = 0


@dataclass(frozen=True, slots=True)
class PortfolioLimits:
    """What positions may amount to together. R is ``risk_per_trade`` of equity.

    :param replace_lower_timeframe: a plan of a longer timeframe closes a position of a shorter one that is in its way.
    :param correlation_groups: base currencies that move together, a group each.
    :param max_per_group: positions of one group.
    :param correlated_size: share of the size with which a full group is entered all the same; 0 denies.
    :param max_per_base: positions of one base currency, at most one a side.
    :param max_total_risk_r: loss at the stops of all positions, the new one included.
    :param max_total_risk_amount: the same in quote currency.
    :param max_symbol_risk_r: loss at the stops of one instrument, by symbol.
    """

    replace_lower_timeframe: bool = False
    correlation_groups: tuple[tuple[str, ...], ...] = ()
    max_per_group: int = 1
    correlated_size: Decimal = _OFF
    max_per_base: int = 0
    max_total_risk_r: Decimal = _OFF
    max_total_risk_amount: Decimal = _OFF
    max_symbol_risk_r: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewsWindow:
    """A stretch of every UTC day, from ``begin`` to and without ``end``, over midnight where that comes first."""

    begin: time
    end: time

    def covers(self, instant: datetime) -> bool:
        """Whether an instant (UTC) lies in it."""
        at = instant.time()
        if self.begin <= self.end:
            return self.begin <= at < self.end
        return at >= self.begin or at < self.end

    def __str__(self) -> str:
        return f"{self.begin:%H:%M}-{self.end:%H:%M}"


@dataclass(frozen=True, slots=True)
class MarketLimits:
    """What the market has to be like, for plans with and without guards of their own.

    :param max_spread_bps: best ask above best bid, in basis points of the mid.
    :param max_slippage_bps: average price of the order below or above the mid, by the book, likewise.
    :param min_minutes_to_funding: fewer minutes to the next funding forbid.
    :param max_volatility_pct: ATR (14 bars) of the plan's bar over its close, in percent.
    :param news_windows: times of day at which no bar's close is traded.
    :param regime: whether the regime of the market is asked.
    :param small_regime_size: share of the size that ``risk_small`` leaves.
    """

    max_spread_bps: Decimal = _OFF
    max_slippage_bps: Decimal = _OFF
    min_minutes_to_funding: int = 0
    max_volatility_pct: Decimal = _OFF
    news_windows: tuple[NewsWindow, ...] = ()
    regime: bool = False
    small_regime_size: Decimal = Decimal("0.5")


@dataclass(frozen=True, slots=True)
class OrderLimits:
    """What a single order may be, in quote currency and after rounding.

    :param min_order_value: margin, notional / leverage; less is denied and never raised.
    :param max_order_value: likewise; more is reduced to it.
    :param max_stake: loss at the stop, the upper end of 1 R; more is reduced to it.
    :param max_account_leverage: notional of all positions over equity, the new one included; more is reduced to it.
    """

    min_order_value: Decimal = _OFF
    max_order_value: Decimal = _OFF
    max_stake: Decimal = _OFF
    max_account_leverage: Decimal = _OFF


@dataclass(frozen=True, slots=True)
class ReconciliationLimits:
    """What reconciliation may do about a difference besides halting and telling.

    :param autofix: kinds of difference that it mends by itself; none by default.
    """

    autofix: tuple[DifferenceKind, ...] = ()


@dataclass(frozen=True, slots=True)
class LagLimits:
    """How long a close may take, in wall seconds, before the operator is told; 0 never. No entry is denied by it.

    :param plan_s: from the first bar of a close that is heard to its plans.
    :param order_s: from there to the acknowledgement of an entry.
    """

    plan_s: int = 60
    order_s: int = 120


@dataclass(frozen=True, slots=True)
class PauseLimits:
    """When the account pauses by itself, and when it goes on by itself; over the entries of five minutes.

    :param error_rate: share of entries that were refused or whose outcome is unknown, at which it pauses.
    :param latency_ms: mean time to the venue's acknowledgement, likewise.
    :param resume_error_rate: it goes on once the share is at most this, and ``resume_latency_ms`` holds, too.
    """

    error_rate: Decimal = _OFF
    latency_ms: int = 0
    resume_error_rate: Decimal = Decimal("0.2")
    resume_latency_ms: int = 1000

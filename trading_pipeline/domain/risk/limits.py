"""The limits every entry is held against."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.portfolio.sizing import SizingRule
from trading_pipeline.domain.risk.limit_sections import (
    ActivityLimits,
    CircuitLimits,
    CooldownLimits,
    LagLimits,
    LossLimits,
    MarketLimits,
    OrderLimits,
    PauseLimits,
    PortfolioLimits,
    ReconciliationLimits,
)


class EntriesBy(StrEnum):
    """Which entry of a wave comes first: the instrument first by name, or the higher score."""

    SYMBOL = "symbol"
    SCORE = "score"


@dataclass(frozen=True, slots=True)
class RiskLimits:
    """Limits of one account, named as in ``config/risk.yaml``. Ratios are fractions of account equity.

    A limit of 0 switches its rule off; the sections hold families of rules, which are off unless a file says otherwise.

    :param risk_per_trade: most equity lost when the stop is hit; without ``sizing`` exactly that is risked.
    :param max_open_positions: across all instruments.
    :param max_leverage: notional / margin, set at the venue per instrument; caps notional to equity times this.
    :param max_daily_loss: fall of equity since UTC midnight that stops new entries.
    :param cooldown_bars: bars of the plan's timeframe without a new entry after a stop loss.
    :param max_wallet_age_s: an older wallet reading denies, in seconds.
    :param plan_ttl_bars: bars of its timeframe, after its close, for which a plan may be executed.
    :param entries_by: which of several entries of one wave comes first.
    :param sizing: what fixes the quantity within the limits; ``None`` sizes by ``risk_per_trade``.
    :param warn_at: share of a limit from which a rule that warns does so; 0 never.
    """

    risk_per_trade: Decimal
    max_open_positions: int
    max_leverage: Decimal
    max_daily_loss: Decimal
    cooldown_bars: int
    max_wallet_age_s: int
    plan_ttl_bars: int
    sizing: SizingRule | None = None
    entries_by: EntriesBy = EntriesBy.SYMBOL
    warn_at: Decimal = Decimal("0.8")
    circuit: CircuitLimits = field(default_factory=CircuitLimits)
    losses: LossLimits = field(default_factory=LossLimits)
    activity: ActivityLimits = field(default_factory=ActivityLimits)
    cooldowns: CooldownLimits = field(default_factory=CooldownLimits)
    portfolio: PortfolioLimits = field(default_factory=PortfolioLimits)
    market: MarketLimits = field(default_factory=MarketLimits)
    orders: OrderLimits = field(default_factory=OrderLimits)
    pause: PauseLimits = field(default_factory=PauseLimits)
    lag: LagLimits = field(default_factory=LagLimits)
    reconciliation: ReconciliationLimits = field(default_factory=ReconciliationLimits)

    def cooldown_of(self, timeframe: Timeframe) -> int:
        """Bars without a new entry after a stop loss in the timeframe."""
        return self.cooldowns.bars.get(timeframe, self.cooldown_bars)

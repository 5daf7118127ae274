"""The limits every entry is held against."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from trading_pipeline.domain.portfolio.sizing import SizingRule


class EntriesBy(StrEnum):
    """Which entry of a wave comes first: the instrument first by name, or the higher score."""

    SYMBOL = "symbol"
    SCORE = "score"


@dataclass(frozen=True, slots=True)
class RiskLimits:
    """Limits of one account, named as in ``config/risk.yaml``. Ratios are fractions of account equity.

    :param risk_per_trade: most equity lost when the stop is hit; without ``sizing`` exactly that is risked.
    :param max_open_positions: across all instruments.
    :param max_leverage: notional / margin, set at the venue per instrument; caps notional to equity times this.
    :param max_daily_loss: fall of equity since UTC midnight that stops new entries.
    :param cooldown_bars: bars of the plan's timeframe without a new entry after a stop loss.
    :param max_wallet_age_s: an older wallet reading denies, in seconds.
    :param plan_ttl_bars: bars of its timeframe, after its close, for which a plan may be executed.
    :param entries_by: which of several entries of one wave comes first.
    :param sizing: what fixes the quantity within the limits; ``None`` sizes by ``risk_per_trade``.
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

"""How much quote currency a trade gets, by model; ``entry_size`` holds every model under the caps.

All amounts are quote currency. A result of 0 means: no trade.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from trading_pipeline.domain.model.errors import ConfigurationError

LEAST_VOLATILITY_PCT = Decimal("0.0001")
"""Percent; the volatility models read no less, so that what rests entirely is not bought without end."""
# Fraction of the balance. The criterion takes its three estimates for certain, which they are not.
_MOST_KELLY = Decimal("0.5")


class SizingModel(StrEnum):
    """What the amount depends on."""

    FIXED = "fixed"
    FRACTIONAL = "fractional"
    VOLATILITY = "volatility"
    KELLY = "kelly"


NUMBERS: Mapping[SizingModel, tuple[str, ...]] = {
    SizingModel.FIXED: ("fixed_amount",),
    SizingModel.FRACTIONAL: ("fraction",),
    SizingModel.VOLATILITY: ("fraction", "target_volatility_pct"),
    SizingModel.KELLY: ("fraction", "win_rate", "average_win_pct", "average_loss_pct"),
}
"""What each model reads."""
BOUNDS = ("max_balance_share", "min_amount", "max_amount")
"""What every model is held by."""


@dataclass(frozen=True, slots=True)
class SizingRule:
    """A model with its numbers.

    :param fixed_amount: quote currency per trade of the fixed model.
    :param fraction: share of the free balance.
    :param target_volatility_pct: ATR in percent of the price at which the volatility model uses the whole ``fraction``.
    :param win_rate: share of trades that won, 0 to 1.
    :param average_win_pct: mean gain of a winning trade, in percent.
    :param average_loss_pct: mean loss of a losing trade, in percent, positive.
    :param max_balance_share: most of the free balance, 0 to 1; 0 sets no limit.
    :param min_amount: least amount in quote currency; 0 sets none.
    :param max_amount: most, likewise; 0 sets none.
    """

    model: SizingModel = SizingModel.FIXED
    fixed_amount: Decimal = Decimal(50)
    fraction: Decimal = Decimal("0.05")
    target_volatility_pct: Decimal = Decimal("0.5")
    win_rate: Decimal = Decimal("0.5")
    average_win_pct: Decimal = Decimal(1)
    average_loss_pct: Decimal = Decimal(1)
    max_balance_share: Decimal = Decimal(0)
    min_amount: Decimal = Decimal(0)
    max_amount: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        for name in ("fraction", "win_rate", "max_balance_share"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise ConfigurationError(f"{name} = {value}: must lie between 0 and 1")
        for name in ("fixed_amount", "target_volatility_pct", "average_win_pct", "average_loss_pct"):
            if getattr(self, name) <= 0:
                raise ConfigurationError(f"{name} = {getattr(self, name)}: must be positive")
        if self.max_amount and self.min_amount > self.max_amount:
            raise ConfigurationError(f"min_amount = {self.min_amount}: must not exceed max_amount = {self.max_amount}")

    def amount(self, free_balance: Decimal, volatility_pct: Decimal) -> Decimal:
        """Quote currency for one trade, never more than ``free_balance`` and never below 0.

        :param volatility_pct: of the instrument, in the unit of ``target_volatility_pct``.
        """
        wanted = self._wanted(free_balance, volatility_pct)
        if self.max_balance_share:
            wanted = min(wanted, free_balance * self.max_balance_share)
        # Before the least amount is applied: it enlarges a trade that is wanted, it does not make one.
        if wanted <= 0:
            return Decimal(0)
        wanted = max(wanted, self.min_amount)
        if self.max_amount:
            wanted = min(wanted, self.max_amount)
        # Last, because `min_amount` may have asked for more than there is.
        return max(Decimal(0), min(wanted, free_balance))

    def _wanted(self, free_balance: Decimal, volatility_pct: Decimal) -> Decimal:
        """The model's amount before the limits, quote currency."""
        match self.model:
            case SizingModel.FIXED:
                return self.fixed_amount
            case SizingModel.FRACTIONAL:
                return free_balance * self.fraction
            case SizingModel.VOLATILITY:
                volatility_scale = self.target_volatility_pct / max(volatility_pct, LEAST_VOLATILITY_PCT)
                return free_balance * self.fraction * volatility_scale
            case SizingModel.KELLY:
                best = kelly_fraction(self.win_rate, self.average_win_pct, self.average_loss_pct)
                return free_balance * min(best, self.fraction)


def kelly_fraction(win_rate: Decimal, average_win: Decimal, average_loss: Decimal) -> Decimal:
    """Expected return over expected squared return: the fraction of the balance to stake, 0 to 0.5.

    (w W - (1 - w) L) / (w W^2 + (1 - w) L^2), the continuous form of J. L. Kelly's criterion, 1956.

    :param average_win: positive, in the unit of ``average_loss``.
    """
    lose_rate = 1 - win_rate
    edge = win_rate * average_win - lose_rate * average_loss
    spread = win_rate * average_win**2 + lose_rate * average_loss**2
    return max(Decimal(0), min(_MOST_KELLY, edge / spread))

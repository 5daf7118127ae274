"""Levels of an AVI-5 trade: stop, targets, exit grid, entry grid, and what they are worth.

Pure arithmetic on floats; prices in quote currency, quantities in base currency, R is the distance from
entry to stop.
"""

from dataclasses import dataclass

from trading_pipeline.domain.model.errors import ConfigurationError, DataError
from trading_pipeline.domain.model.signals import Bias

EXIT_GRID = ((1.0, 0.4), (2.0, 0.3), (3.0, 0.3))
"""R multiple and share of the position per target: reduce-only limits."""

SWING_EXIT_GRID = ((1.0, 0.4),)
"""In swing mode the rest runs until the opposite channel breaks."""

ENTRY_STEP_ATR = 0.5
ENTRY_VALID_BARS = 3
"""Unfilled entry levels are cancelled after so many bars, or at the first target."""


@dataclass(frozen=True, slots=True)
class Levels:
    """Stop and targets at 1, 2 and 3 R."""

    entry: float
    stop: float
    targets: tuple[float, float, float]


def levels(bias: Bias, entry: float, atr: float, atr_multiplier: float) -> Levels:
    """Stop ``atr_multiplier`` ATR from the entry, targets at one, two and three times that distance.

    :raises DataError: the risk is not positive, or a level would not lie above zero.
    """
    sign = 1 if bias is Bias.LONG else -1
    unit = atr * atr_multiplier
    made = Levels(entry, entry - sign * unit, (entry + sign * unit, entry + 2 * sign * unit, entry + 3 * sign * unit))
    if unit <= 0 or min(made.stop, *made.targets) <= 0:
        raise DataError(f"{bias} from {entry} with {unit} at risk: every level must lie above 0, risk be positive")
    return made


@dataclass(frozen=True, slots=True)
class GridOrder:
    """One limit order of the entry grid."""

    price: float
    quantity: float


def entry_grid(bias: Bias, made: Levels, atr: float, count: int, risk: float) -> tuple[GridOrder, ...]:
    """Equal quantities at the entry and every half ATR against it, all behind the one stop.

    The quantities are such that all levels together lose ``risk`` quote currency at the stop.

    :raises ConfigurationError: a level would lie at or beyond the stop.
    """
    sign = 1 if bias is Bias.LONG else -1
    prices = [made.entry - sign * step * ENTRY_STEP_ATR * atr for step in range(count)]
    distances = [sign * (price - made.stop) for price in prices]
    if count < 1 or min(distances) <= 0:
        raise ConfigurationError(f"{count} entry levels half an ATR apart reach the stop {made.stop}: use fewer")
    quantity = risk / sum(distances)
    return tuple(GridOrder(price, quantity) for price in prices)


def break_even_due(bias: Bias, entry: float, stop: float, mark: float, first_target_filled: bool) -> bool:
    """Whether the stop belongs at the entry: the first target filled, or the mark is 1 R in profit."""
    sign = 1 if bias is Bias.LONG else -1
    return first_target_filled or sign * (mark - entry) >= abs(entry - stop)


def reward_r(grid: tuple[tuple[float, float], ...] = EXIT_GRID) -> float:
    """R gained when every target fills: 1.9 for the standard grid."""
    return sum(multiple * share for multiple, share in grid)


def win_probability(wins: int, trades: int, overall: float) -> float:
    """Smoothed share of trades that reached the first target before the stop.

    (wins + 1) / (trades + 2); fewer than 30 trades say nothing, so ``overall`` stands in.
    """
    return (wins + 1) / (trades + 2) if trades >= 30 else overall


def expected_r(probability: float, entry: float, stop: float, fee: float, slippage: float) -> float:
    """Expected result in R after costs; only positive ones are worth publishing.

    :param fee: per side, as a fraction of the notional.
    :param slippage: modelled, as a fraction of the price.
    """
    cost = (2 * fee + slippage) * entry / abs(entry - stop)
    return probability * reward_r() - (1 - probability) - cost

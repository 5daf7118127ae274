"""Figures about a set of trades. ``pnl`` is the result per trade in quote currency.

The figures people compare are asked of the net result, after fees and funding; asked of the result before
them, the same functions give the gross ones.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# A single tiny loss would otherwise make a factor of thousands that outranks every honest result.
PROFIT_FACTOR_CAP = 100.0
_USABLE_MARGIN = 0.7


@dataclass(frozen=True, slots=True)
class Streaks:
    """Longest runs in the order of the trades; a trade that earned exactly 0 ends both."""

    wins: int
    losses: int


def sum_of_wins(pnl: Floats) -> float:
    """Sum over trades with pnl > 0, quote currency."""
    return float(np.sum(pnl[pnl > 0.0]))


def sum_of_losses(pnl: Floats) -> float:
    """Absolute sum over trades with pnl < 0, quote currency."""
    return abs(float(np.sum(pnl[pnl < 0.0])))


def profit_factor(pnl: Floats) -> float:
    """Sum of wins / sum of losses, at most 100; without a loss 100 for a profit, else 0."""
    won, lost = sum_of_wins(pnl), sum_of_losses(pnl)
    if lost == 0.0:
        return PROFIT_FACTOR_CAP if won > 0.0 else 0.0
    return min(won / lost, PROFIT_FACTOR_CAP)


def win_rate_pct(pnl: Floats) -> float:
    """Share of trades with pnl > 0, in percent; a trade at exactly 0 counts as neither."""
    return float(np.mean(pnl > 0.0)) * 100.0 if len(pnl) else 0.0


def average_win(pnl: Floats) -> float:
    """Mean pnl of winning trades, in its unit (quote currency, or percent of notional); 0 without any."""
    return float(np.mean(pnl[pnl > 0.0])) if np.any(pnl > 0.0) else 0.0


def average_loss(pnl: Floats) -> float:
    """Mean pnl of losing trades, in its unit (quote currency, or percent of notional), negative; 0 without any."""
    return float(np.mean(pnl[pnl < 0.0])) if np.any(pnl < 0.0) else 0.0


def average_trade(pnl: Floats) -> float:
    """Mean pnl, in its unit (quote currency, or percent of notional); 0 without trades."""
    return float(np.mean(pnl)) if len(pnl) else 0.0


def result_pct(pnl: Floats, notional: Floats) -> Floats:
    """Per trade its result in percent of the entry's notional: pnl / (entry price x quantity) x 100."""
    result: Floats = pnl / notional * 100.0
    return result


def payoff_ratio(pnl: Floats) -> float:
    """|average win / average loss|; 0 without a loss."""
    loss = average_loss(pnl)
    return abs(average_win(pnl) / loss) if loss < 0.0 else 0.0


def expectancy(pnl: Floats) -> float:
    """w x average win - (1 - w) x |average loss|, w the win rate as a fraction; quote currency per trade."""
    share = win_rate_pct(pnl) / 100.0
    return share * average_win(pnl) - (1.0 - share) * abs(average_loss(pnl))


def expectancy_ratio(pnl: Floats) -> float:
    """Expectancy / |average loss|; 0 without a loss."""
    loss = abs(average_loss(pnl))
    return expectancy(pnl) / loss if loss > 0.0 else 0.0


def system_quality_number(pnl: Floats) -> float:
    """sqrt(n) x mean / sample std of pnl; 0 without variation. Source: V. K. Tharp, 2008."""
    spread = float(np.std(pnl, ddof=1)) if len(pnl) > 1 else 0.0
    return math.sqrt(len(pnl)) * float(np.mean(pnl)) / spread if spread > 0.0 else 0.0


def streaks(pnl: Floats) -> Streaks:
    """The longest runs of wins and of losses."""
    return Streaks(_longest(pnl > 0.0), _longest(pnl < 0.0))


def _longest(flags: npt.NDArray[np.bool_]) -> int:
    """Length of the longest run of true."""
    # A false on both sides, so that runs at the ends have a beginning and an end too.
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return int(np.max(edges[1::2] - edges[::2], initial=0))


def exposure_pct(held: Floats, total_bars: int) -> float:
    """Bars in trades in percent of bars in total; overlapping trades count each, so it may exceed 100."""
    return float(np.sum(held)) / total_bars * 100.0 if total_bars else 0.0


def largest_share_pct(pnl: Floats, *, wins: bool) -> float:
    """Largest single win (or loss) in percent of the sum of wins (or losses); 0 without any."""
    extreme = float(np.max(pnl if wins else -pnl, initial=0.0))
    whole = sum_of_wins(pnl) if wins else sum_of_losses(pnl)
    return extreme / whole * 100.0 if whole > 0.0 else 0.0


def quick_reversals(entry_bar: Integers, exit_bar: Integers) -> int:
    """Trades of one instrument and timeframe entered within two bars of the exit before them."""
    gaps = entry_bar[1:] - exit_bar[:-1]
    return int(np.sum((gaps >= 0) & (gaps <= 2)))


def net_profit_to_largest_loss(pnl: Floats) -> float:
    """Net profit / |largest loss|; 0 without a loss."""
    worst = -float(np.min(pnl, initial=0.0))
    return float(np.sum(pnl)) / worst if worst > 0.0 else 0.0


def margin_efficiency_pct(pnl: Floats, margin: Floats) -> float:
    """Net profit in percent of 0.7 of a trade's mean initial margin; 0 without trades.

    :param margin: entry notional / leverage per trade, quote currency. Source: TradingView, Strategy Tester.
    """
    return float(np.sum(pnl)) / (_USABLE_MARGIN * float(np.mean(margin))) * 100.0 if len(pnl) else 0.0

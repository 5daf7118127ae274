"""Return against risk. Returns are fractions per period, rates fractions per year."""

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# A fraction a year; the Strategy Tester of TradingView, which these figures are compared with, assumes the same 2 %.
RISK_FREE_RATE = 0.02
LIMIT = 100.0
NO_RISK = 10.0
# Below it a deviation is rounding of equal returns; dividing by it would make a ratio of any size.
TINY = 1e-10
# Fewer returns say too little about a year to be scaled up to one.
MIN_ANNUALISED = 24


def sharpe_ratio(returns: Floats, per_year: float, risk_free: float = RISK_FREE_RATE) -> float:
    """(mean - risk_free / P) / sample std x sqrt(P), held within 100 either way; 0 without variation.

    Fewer than 24 returns are not annualised and carry no risk-free rate: mean / std. Source: W. F.
    Sharpe, The Sharpe Ratio, 1994.
    """
    spread = float(np.std(returns, ddof=1)) if len(returns) > 1 else 0.0
    if spread <= TINY:
        return 0.0
    mean = float(np.mean(returns))
    if len(returns) < MIN_ANNUALISED:
        return mean / spread
    return float(np.clip((mean - risk_free / per_year) / spread * math.sqrt(per_year), -LIMIT, LIMIT))


def monthly_sharpe_ratio(monthly: Floats, risk_free: float = RISK_FREE_RATE) -> float:
    """(mean - risk_free / 12) / sample std of monthly returns, not annualised; 0 below two months.

    Returns are a fraction each, ``risk_free`` is a fraction per year.
    Source: TradingView, Strategy Tester, Sharpe ratio.
    """
    spread = float(np.std(monthly, ddof=1)) if len(monthly) > 1 else 0.0
    return (float(np.mean(monthly)) - risk_free / 12.0) / spread if spread > TINY else 0.0


def downside_deviation(returns: Floats, target: float = 0.0) -> float:
    """sqrt(sum min(0, r - target)^2 / N) over all returns, a fraction per period as they are."""
    return float(np.sqrt(np.mean(np.minimum(returns - target, 0.0) ** 2))) if len(returns) else 0.0


def sortino_ratio(returns: Floats, per_year: float, target: float = 0.0) -> float:
    """(mean - target) / downside deviation x sqrt(P); without downside 10 if the mean is above, else 0.

    Source: F. A. Sortino and L. N. Price, Performance Measurement in a Downside Risk Framework, 1994.
    """
    if len(returns) == 0:
        return 0.0
    excess, downside = float(np.mean(returns)) - target, downside_deviation(returns, target)
    if downside == 0.0:
        return NO_RISK if excess > 0.0 else 0.0
    return excess / downside * math.sqrt(per_year)


def monthly_sortino_ratio(monthly: Floats, risk_free: float = RISK_FREE_RATE) -> float:
    """(mean - risk_free / 12) / downside deviation below 0 of monthly returns, not annualised.

    Source: TradingView, Strategy Tester, Sortino ratio.
    """
    if len(monthly) < 2:
        return 0.0
    excess, downside = float(np.mean(monthly)) - risk_free / 12.0, downside_deviation(monthly)
    if downside == 0.0:
        return NO_RISK if excess > 0.0 else 0.0
    return excess / downside


def calmar_ratio(cagr_pct: float, max_drawdown_pct: float) -> float:
    """CAGR / maximum drawdown, both in percent; without drawdown (0.01 or less) 10 for a gain, else 0.

    Source: T. W. Young, Calmar Ratio: A Smoother Tool, 1991.
    """
    if max_drawdown_pct <= 0.01:
        return NO_RISK if cagr_pct > 0.0 else 0.0
    return cagr_pct / max_drawdown_pct


def recovery_factor(net_profit: float, max_drawdown_value: float) -> float:
    """Net profit / maximum drawdown, both in quote currency; 0 without a drawdown."""
    return net_profit / max_drawdown_value if max_drawdown_value > 0.0 else 0.0


def return_on_account_size_pct(net_profit: float, account_size_required: float) -> float:
    """Net profit / the money that its deepest drawdown asked for, percent; 0 without a drawdown.

    Source: TradingView, Strategy Tester, Return of account size required.
    """
    return recovery_factor(net_profit, account_size_required) * 100.0


def omega_ratio(returns: Floats, target: float = 0.0) -> float:
    """Sum of what lies above the target / sum of what lies below; capped at 100.

    The target is a fraction per period, as the returns are.
    Source: C. Keating and W. F. Shadwick, A Universal Performance Measure, 2002.
    """
    above, below = np.maximum(returns - target, 0.0).sum(), np.maximum(target - returns, 0.0).sum()
    if below <= 0.0:
        return LIMIT if above > 0.0 else 0.0
    return min(float(above / below), LIMIT)


def gain_to_pain_ratio(returns: Floats) -> float:
    """Sum of returns / absolute sum of negative returns; 0 without any. Source: J. Schwager, 2012."""
    pain = -np.minimum(returns, 0.0).sum()
    return float(returns.sum() / pain) if pain > 0.0 else 0.0


def upside_potential_ratio(returns: Floats, target: float = 0.0) -> float:
    """Mean of max(0, r - target) / downside deviation; 0 without downside."""
    downside = downside_deviation(returns, target)
    return float(np.mean(np.maximum(returns - target, 0.0))) / downside if downside > 0.0 else 0.0


def tail_ratio(returns: Floats) -> float:
    """95th percentile of returns / absolute 5th percentile; 0 without a left tail."""
    if len(returns) == 0:
        return 0.0
    right, left = np.percentile(returns, [95, 5])
    return float(abs(right / left)) if left != 0.0 else 0.0


def information_ratio(returns: Floats, benchmark: Floats, per_year: float) -> float:
    """Mean of the excess over the benchmark / its sample std x sqrt(P); 0 without variation."""
    excess = returns - benchmark
    spread = float(np.std(excess, ddof=1)) if len(excess) > 1 else 0.0
    return float(np.mean(excess)) / spread * math.sqrt(per_year) if spread > TINY else 0.0

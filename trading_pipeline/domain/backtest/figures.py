"""A run's headline figures in one compiled pass, for sweeps that keep nothing else.

The formulas are those of ``domain.analysis``, which a test holds these against.
"""

import math

from trading_pipeline.domain.backtest.compiled import compiled
from trading_pipeline.domain.backtest.records import Floats, Records, TradeRow, record_dtype
from trading_pipeline.domain.backtest.uncounted import uncounted

# Written again instead of imported: a constant of another folder would be compiled in
# without being part of the cache's stamp (see `compiled`), and the old value would live on.
PROFIT_FACTOR_CAP = 100.0
SHARPE_CAP = 100.0
RISK_FREE_RATE = 0.02
MIN_ANNUALISED = 24
TINY = 1e-10
YEAR_MS = 365.25 * 86_400_000


class FigureRow:
    """Figures of one run: money in quote currency, ``_pct`` in percent, Sharpe a year from bar returns.

    Net of fees and funding, but for those whose names begin with ``gross_``.
    """

    trades: int
    final_equity: float
    net_profit: float
    net_profit_pct: float
    win_rate_pct: float
    profit_factor: float
    average_r: float
    gross_win_rate_pct: float
    gross_profit_factor: float
    gross_average_r: float
    fees: float
    funding: float
    max_drawdown_pct: float
    sharpe: float


FIGURES = record_dtype(FigureRow)


@compiled
def summarise(trades: Records, equity: Floats, capital: float, years: float, row: FigureRow) -> None:
    """Fill ``row`` from the trades and the equity (quote currency) at every bar.

    :param years: from the open of the first bar to the close of the last, whatever is missing between.
    """
    _sum_trades(trades, row)
    row.final_equity = equity[-1]
    row.net_profit = equity[-1] - capital
    row.net_profit_pct = row.net_profit / capital * 100.0
    peak, deepest = capital, 0.0
    total, squares, previous = 0.0, 0.0, capital
    for wave in range(len(equity)):
        value = equity[wave]
        peak = max(peak, value)
        deepest = max(deepest, (peak - value) / peak)
        change = value / previous - 1.0
        total += change
        squares += change * change
        previous = value
    row.max_drawdown_pct = deepest * 100.0
    count = len(equity)
    mean = total / count
    # Rounding can leave slightly less than nothing of a variance of zero.
    spread = math.sqrt(max(squares - count * mean * mean, 0.0) / (count - 1.0))
    row.sharpe = _sharpe(mean, spread, count, count / years)


@compiled
def _sharpe(mean: float, spread: float, count: int, per_year: float) -> float:
    """Annual from ``MIN_ANNUALISED`` returns on, below that mean / spread."""
    if not spread > TINY:
        return 0.0
    if count < MIN_ANNUALISED:
        return mean / spread
    sharpe = (mean - RISK_FREE_RATE / per_year) / spread * math.sqrt(per_year)
    return min(max(sharpe, -SHARPE_CAP), SHARPE_CAP)


@compiled
def _sum_trades(trades: Records, row: FigureRow) -> None:
    """Count and sum the trades: money in quote currency, rates in percent, averages in R."""
    count, wins, gross_wins, with_r = len(trades), 0, 0, 0
    fees, funding, sum_r, gross_sum_r = 0.0, 0.0, 0.0, 0.0
    won, lost, gross_won, gross_lost = 0.0, 0.0, 0.0, 0.0
    rows = uncounted(trades)
    for i in range(len(rows)):
        trade: TradeRow = rows[i]
        gross = trade.gross
        pnl = gross - trade.fees - trade.funding
        fees += trade.fees
        funding += trade.funding
        wins += pnl > 0.0
        won += max(pnl, 0.0)
        lost += max(-pnl, 0.0)
        gross_wins += gross > 0.0
        gross_won += max(gross, 0.0)
        gross_lost += max(-gross, 0.0)
        if trade.risk > 0.0:
            with_r += 1
            sum_r += pnl / trade.risk
            gross_sum_r += gross / trade.risk
    row.trades, row.fees, row.funding = count, fees, funding
    row.win_rate_pct = wins * 100.0 / count if count > 0 else 0.0
    row.gross_win_rate_pct = gross_wins * 100.0 / count if count > 0 else 0.0
    row.profit_factor, row.gross_profit_factor = _factor(won, lost), _factor(gross_won, gross_lost)
    row.average_r = sum_r / with_r if with_r > 0 else math.nan
    row.gross_average_r = gross_sum_r / with_r if with_r > 0 else math.nan


@compiled
def _factor(won: float, lost: float) -> float:
    """Sum of wins / sum of losses, at most ``PROFIT_FACTOR_CAP``."""
    if lost == 0.0:
        return PROFIT_FACTOR_CAP if won > 0.0 else 0.0
    return min(won / lost, PROFIT_FACTOR_CAP)

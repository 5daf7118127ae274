"""All figures of one backtest under their names, for reports, tables and comparisons."""

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from trading_pipeline.domain.analysis import drawdown, ratios, returns
from trading_pipeline.domain.analysis import trade_statistics as statistics
from trading_pipeline.domain.backtest.results import BacktestResult, TradeColumns

Floats = npt.NDArray[np.float64]
Metrics = dict[str, float]


def metrics_of(result: BacktestResult, bar_ms: int, benchmark_close: Floats | None = None) -> Metrics:
    """Every figure of a run: trades (whole, ``long_*``, ``short_*``), drawdown, returns, ratios.

    Figures are net of fees and funding; those before them have names that begin with ``gross_``.
    Names ending in ``_pct`` are percent, money is quote currency, R figures are risk units.

    :param bar_ms: length of the bar that closed first; annual figures count the time since its open.
    :param benchmark_close: close per wave of what is compared with holding; leaves those figures out if missing.
    """
    initial, equity = result.config.initial_capital, result.equity
    figures = trade_metrics(result, result.trades)
    for name, sign in (("long", 1), ("short", -1)):
        side = result.trades.direction == sign
        figures |= {f"{name}_{key}": value for key, value in _side(result, side, bar_ms).items()}
    figures |= equity_metrics(equity, result.close_ms, initial, bar_ms)
    net_profit, needed = figures["net_profit"], figures["max_drawdown_value"]
    figures["recovery_factor"] = ratios.recovery_factor(net_profit, needed)
    figures["account_size_required"] = needed
    figures["return_on_account_size_pct"] = ratios.return_on_account_size_pct(net_profit, needed)
    if benchmark_close is not None:
        held = returns.buy_and_hold(benchmark_close, initial)
        figures |= _against(equity, held, initial, returns.elapsed_years(result.close_ms, bar_ms))
    return figures


def trade_metrics(result: BacktestResult, trades: TradeColumns) -> Metrics:
    """What some of a run's trades alone say: ``_pct`` names in percent, money in quote currency."""
    pnl, notional = trades.pnl, trades.entry_price * trades.quantity
    percent = statistics.result_pct(pnl, notional)
    money = result_metrics(pnl, trades.gross_pnl, trades.fees, trades.funding, result.config.initial_capital)
    in_r = r_metrics(trades.pnl_r, trades.gross_pnl_r)
    return (
        money
        | in_r
        | {
            "average_win_pct": statistics.average_win(percent),
            "average_loss_pct": statistics.average_loss(percent),
            "average_trade_pct": statistics.average_trade(percent),
            "exposure_pct": statistics.exposure_pct(_waves_held(result, trades), len(result.equity)),
            "quick_reversals": float(_quick_reversals(trades)),
            "margin_efficiency_pct": statistics.margin_efficiency_pct(
                pnl, notional / result.config.limits.max_leverage
            ),
            "max_quantity_held": float(np.max(trades.quantity, initial=0.0)),
            "slippage": float(np.sum(trades.slippage)),
        }
    )


def r_metrics(pnl_r: Floats, gross_pnl_r: Floats) -> Metrics:
    """The results of trades in R, net and gross; NaN for trades without a stop, which are left out.

    An average over nothing is NaN.
    """
    known, known_gross = pnl_r[np.isfinite(pnl_r)], gross_pnl_r[np.isfinite(gross_pnl_r)]
    return {
        "sum_r": float(np.sum(known)),
        "average_r": float(np.mean(known)) if len(known) else math.nan,
        "max_drawdown_r": drawdown.max_drawdown_r(known),
        "gross_sum_r": float(np.sum(known_gross)),
        "gross_average_r": float(np.mean(known_gross)) if len(known_gross) else math.nan,
    }


def result_metrics(pnl: Floats, gross: Floats, fees: Floats, funding: Floats, initial: float) -> Metrics:
    """What the results of trades say, in their order, quote currency.

    :param pnl: after fees and funding; ``gross`` is the result before them.
    """
    runs = statistics.streaks(pnl)
    return {
        "trades": float(len(pnl)),
        "wins": float(np.sum(pnl > 0.0)),
        "losses": float(np.sum(pnl < 0.0)),
        "break_evens": float(np.sum(pnl == 0.0)),
        "net_profit": float(np.sum(pnl)),
        "net_profit_pct": float(np.sum(pnl)) / initial * 100.0,
        "profit_of_winners": statistics.sum_of_wins(pnl),
        "loss_of_losers": statistics.sum_of_losses(pnl),
        "profit_factor": statistics.profit_factor(pnl),
        "win_rate_pct": statistics.win_rate_pct(pnl),
        "average_win": statistics.average_win(pnl),
        "average_loss": statistics.average_loss(pnl),
        "average_trade": statistics.average_trade(pnl),
        "payoff_ratio": statistics.payoff_ratio(pnl),
        "expectancy": statistics.expectancy(pnl),
        "expectancy_ratio": statistics.expectancy_ratio(pnl),
        "system_quality_number": statistics.system_quality_number(pnl),
        "winning_streak": float(runs.wins),
        "losing_streak": float(runs.losses),
        "largest_win_share_pct": statistics.largest_share_pct(pnl, wins=True),
        "largest_loss_share_pct": statistics.largest_share_pct(pnl, wins=False),
        "net_profit_to_largest_loss": statistics.net_profit_to_largest_loss(pnl),
        "gross_profit": statistics.sum_of_wins(gross),
        "gross_loss": statistics.sum_of_losses(gross),
        "gross_profit_factor": statistics.profit_factor(gross),
        "gross_win_rate_pct": statistics.win_rate_pct(gross),
        "gross_expectancy": statistics.expectancy(gross),
        "fees": float(np.sum(fees)),
        "funding": float(np.sum(funding)),
    }


def equity_metrics(equity: Floats, close_ms: npt.NDArray[np.int64], initial: float, bar_ms: int) -> Metrics:
    """What an equity curve (quote currency) alone says; ``_pct`` names are percent.

    A year is a year of the clock: bars that are missing make none of it shorter.
    """
    years = returns.elapsed_years(close_ms, bar_ms)
    per_year = returns.periods_per_year(len(equity), years)
    per_bar = returns.simple_returns(equity, initial)
    _, monthly = returns.calendar_returns(equity, close_ms, initial, "M")
    final, worst = float(equity[-1]), drawdown.max_drawdown(equity, initial)
    cagr = returns.cagr_pct(initial, final, years)
    runup, runup_pct = drawdown.max_runup(equity, initial)
    return {
        "final_equity": final,
        "total_return_pct": returns.total_return_pct(initial, final),
        "cagr_pct": cagr,
        "volatility_pct": returns.volatility_pct(per_bar, per_year),
        "stability": returns.stability(equity),
        "max_drawdown_pct": worst.percent,
        "max_drawdown_value": worst.value,
        "max_drawdown_bars": float(worst.bars),
        "average_drawdown_pct": drawdown.average_drawdown_pct(equity, initial),
        "ulcer_index": drawdown.ulcer_index(equity, initial),
        "max_runup": runup,
        "max_runup_pct": runup_pct,
        "monthly_sharpe_ratio": ratios.monthly_sharpe_ratio(monthly),
        "monthly_sortino_ratio": ratios.monthly_sortino_ratio(monthly),
        "sharpe_ratio": ratios.sharpe_ratio(per_bar, per_year),
        "sortino_ratio": ratios.sortino_ratio(per_bar, per_year),
        "calmar_ratio": ratios.calmar_ratio(cagr, worst.percent),
        "omega_ratio": ratios.omega_ratio(per_bar),
        "gain_to_pain_ratio": ratios.gain_to_pain_ratio(per_bar),
        "upside_potential_ratio": ratios.upside_potential_ratio(per_bar),
        "downside_deviation": ratios.downside_deviation(per_bar),
        "tail_ratio": ratios.tail_ratio(per_bar),
    }


def _side(result: BacktestResult, side: npt.NDArray[np.bool_], bar_ms: int) -> Mapping[str, float]:
    """One side's trades, and ratios of the equity that its closed trades alone would have made."""
    chosen = TradeColumns(*(getattr(result.trades, name)[side] for name in TradeColumns.__slots__))
    initial = result.config.initial_capital
    equity = initial + result.realised_by_wave(side)
    from_equity = equity_metrics(equity, result.close_ms, initial, bar_ms)
    kept = ("sharpe_ratio", "sortino_ratio", "calmar_ratio", "max_drawdown_pct", "max_drawdown_value")
    return trade_metrics(result, chosen) | {name: from_equity[name] for name in kept}


def _against(equity: Floats, held: Floats, initial: float, years: float) -> Metrics:
    """The run beside holding: gains and drawdown in percent, the return in quote currency."""
    gain, held_gain = (returns.total_return_pct(initial, float(curve[-1])) for curve in (equity, held))
    ours, theirs = (returns.simple_returns(curve, initial) for curve in (equity, held))
    return {
        "buy_hold_return": float(held[-1]) - initial,
        "buy_hold_return_pct": held_gain,
        "buy_hold_max_drawdown_pct": drawdown.max_drawdown(held, initial).percent,
        "outperformance_pct": gain - held_gain,
        "information_ratio": ratios.information_ratio(ours, theirs, returns.periods_per_year(len(ours), years)),
    }


def _waves_held(result: BacktestResult, trades: TradeColumns) -> Floats:
    """Bars each trade was held, in bars of the shortest timeframe, as waves are."""
    lengths = np.array([lane.bar_ms for lane in result.lanes], np.float64)
    # Trades count bars of their own lane; exposure is asked in waves, of which the shortest timeframe has one a bar.
    held: Floats = (trades.exit_bar - trades.entry_bar) * (lengths / lengths.min())[trades.lane]
    return held


def _quick_reversals(trades: TradeColumns) -> int:
    """Number of quick reversals over all lanes, each by its own bars."""
    total = 0
    for lane in np.unique(trades.lane):
        own = trades.lane == lane
        total += statistics.quick_reversals(trades.entry_bar[own], trades.exit_bar[own])
    return total

"""Backtests as tables for a terminal."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from trading_pipeline.domain.model.backtest_runs import RunRecord

if TYPE_CHECKING:
    from trading_pipeline.services.research.compare_backtests import Changed, Comparison

# Characters. Without a terminal rich falls back on 80, which breaks long names.
_FILE_WIDTH = 140
_SHOWN_TRADES = 20
_SHOWN_CHANGES = 40

_HEADLINE = (
    ("trades", "trades", ".0f"),
    ("net profit", "net_profit", "+.2f"),
    ("net profit %", "net_profit_pct", "+.2f"),
    ("sum R, net", "sum_r", "+.2f"),
    ("win rate %, net", "win_rate_pct", ".1f"),
    ("profit factor, net", "profit_factor", ".2f"),
    ("expectancy, net", "expectancy", "+.2f"),
    ("max drawdown %", "max_drawdown_pct", ".2f"),
    ("Sharpe", "sharpe_ratio", ".2f"),
    ("CAGR %", "cagr_pct", "+.2f"),
    ("exposure %", "exposure_pct", ".1f"),
    ("fees", "fees", ".2f"),
    ("funding", "funding", ".2f"),
)
"""Label, name and form; where a figure has a gross one, that stands behind it."""


def result_console() -> Console:
    """Standard output; wide enough for whole names where nobody sits before it."""
    console = Console(soft_wrap=True)
    return console if console.is_terminal else Console(soft_wrap=True, width=_FILE_WIDTH)


def headline(run: RunRecord) -> Table:
    """What a reader looks for first, and what became of the signals.

    Money is in the settlement currency, USDT; rates, drawdown and CAGR are in percent.
    """
    params = run.params
    table = Table(title=f"{params['strategy']} on {params['timeframe']} · run {run.run_id}", show_header=False)
    table.title_justify = "left"
    for label, name, form in _HEADLINE:
        value, gross = (_number(run.metrics.get(one), form) for one in (name, f"gross_{name}"))
        table.add_row(label, f"{value} (gross {gross})" if f"gross_{name}" in run.metrics else value)
    table.add_row("signals", ", ".join(_signal_outcomes(run.metrics)) or "none")
    return table


def comparison_tables(comparison: "Comparison") -> Iterator[Table]:
    """Rules, figures and trades in which two runs differ."""
    ids = (comparison.first_id, comparison.second_id)
    if comparison.params:
        yield _changes("Rules and bars", ids, comparison.params)
    if comparison.metrics:
        yield _changes("Figures", ids, comparison.metrics)
    trades = Table(title="Trades", show_header=False, title_justify="left")
    trades.add_row("alike", str(comparison.same_trades))
    trades.add_row("same entry, other course", str(len(comparison.changed_trades)))
    trades.add_row(f"only in {ids[0]}", str(len(comparison.only_first)))
    trades.add_row(f"only in {ids[1]}", str(len(comparison.only_second)))
    yield trades
    if comparison.changed_trades:
        yield _trade_changes(comparison)


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else f"{value:{form}}"


def _signal_outcomes(metrics: Mapping[str, float | None]) -> Iterator[str]:
    """How many signals met which outcome."""
    for name, count in metrics.items():
        if name.startswith("signals_") and count:
            yield f"{count:.0f} {name.removeprefix('signals_').replace('_', ' ')}"


def _changes(title: str, ids: tuple[str, str], changes: "tuple[Changed, ...]") -> Table:
    table = _titled(title, "name", ids[0], ids[1], "difference")
    for change in changes[:_SHOWN_CHANGES]:
        difference = "" if change.difference is None else f"{change.difference:+.6g}"
        table.add_row(change.name, _short(change.first), _short(change.second), difference)
    if len(changes) > _SHOWN_CHANGES:
        table.add_row(f"and {len(changes) - _SHOWN_CHANGES} more", "", "", "")
    return table


def _trade_changes(comparison: "Comparison") -> Table:
    """The first trades that went differently, by their entry time in UTC; at most four differences of each."""
    table = _titled("Other course", "instrument_id", "side", "entry", "what differs")
    for trade in comparison.changed_trades[:_SHOWN_TRADES]:
        words = ", ".join(f"{one.name} {_short(one.first)} → {_short(one.second)}" for one in trade.changes[:4])
        table.add_row(trade.instrument_id, trade.side, f"{trade.entry_time:%Y-%m-%d %H:%M}", words)
    return table


def _titled(title: str, *columns: str) -> Table:
    """An empty table whose columns break long words instead of cutting them off."""
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _short(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.6g}" if isinstance(value, float) else str(value)

"""The page's tables that need no script: months, figures, rules."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from html import escape

import numpy as np

from trading_pipeline.domain.analysis.returns import calendar_returns
from trading_pipeline.domain.model.backtest_runs import EquityCurve, RunRecord, TradeRecord

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_STRONG_MONTH = 0.10
"""A return at which a month's colour is at its strongest."""

_SHORT_MS = 30 * 86_400_000
"""A stretch of which nobody should be told what it makes of a year."""

_CARDS = (
    ("Net profit", "net_profit_pct", "{:+.2f} %", "net_profit", "{:+,.2f} USDT"),
    ("Sum of R, net", "sum_r", "{:+.2f} R", "gross_sum_r", "gross {:+.2f} R"),
    ("Trades", "trades", "{:,.0f}", "expectancy", "expect {:+,.2f} USDT net"),
    ("Win rate, net", "win_rate_pct", "{:.1f} %", "gross_win_rate_pct", "gross {:.1f} %"),
    ("Profit factor, net", "profit_factor", "{:.2f}", "gross_profit_factor", "gross {:.2f}"),
    ("Max drawdown", "max_drawdown_pct", "{:.2f} %", "max_drawdown_bars", "over {:,.0f} bars"),
)
_YEARLY_CARDS = (
    ("Sharpe ratio", "sharpe_ratio", "{:.2f}", "sortino_ratio", "Sortino {:.2f}"),
    ("CAGR", "cagr_pct", "{:+.2f} %", "buy_hold_return_pct", "holding {:+,.1f} %"),
)
_SPELLED = {"pct": "%", "cagr": "CAGR", "r": "R", "sharpe": "Sharpe", "sortino": "Sortino", "calmar": "Calmar"}
_SIGNED = frozenset({"net_profit_pct", "sum_r", "cagr_pct"})


def cards(run: RunRecord) -> str:
    """The headline figures."""
    shown = _CARDS if _short(run.curve) else _CARDS + _YEARLY_CARDS
    return "\n".join(_card(run, *card) for card in shown)


def notes(run: RunRecord) -> str:
    """What the reader has to know about bars, funding and finer bars; empty when there is nothing."""
    lines = "".join(f"<li>{escape(note)}</li>" for note in run.notes)
    return f"<section><h2>Notes</h2><ul>{lines}</ul></section>" if lines else ""


def months(curve: EquityCurve, initial: float) -> str:
    """Returns by month in percent, a row per year with its own return; empty for a stretch shorter than a month."""
    if _short(curve):
        return ""
    names, returns = calendar_returns(curve.equity, curve.close_ms, initial, "M")
    years, yearly = calendar_returns(curve.equity, curve.close_ms, initial, "Y")
    found = dict(zip(names.tolist(), returns.tolist(), strict=True))
    rows = []
    for year, total in zip(years.tolist(), yearly.tolist(), strict=True):
        cells = "".join(_month(found.get(f"{year}-{month:02d}")) for month in range(1, 13))
        rows.append(f"<tr><th>{year}</th>{cells}{_month(total, 'year')}</tr>")
    months_table = table(("", *_MONTHS, "Year"), rows, "months")
    return f"<section><h2>Returns by month, %</h2><div class='wide'>{months_table}</div></section>"


def figures(metrics: Mapping[str, float | None]) -> str:
    """Every figure; what exists for longs and shorts stands beside the whole."""
    shown = [name for name in metrics if not name.startswith(("long_", "short_", "signals"))]
    half = -(-len(shown) // 2)
    return "".join(_figure_table(metrics, names) for names in (shown[:half], shown[half:]))


def exits(trades: Sequence[TradeRecord]) -> str:
    """How trades ended, and what each kind of end earned in USDT."""
    counts = Counter(trade.exit_reason for trade in trades)
    rows = []
    for reason, count in counts.most_common():
        pnl = sum(trade.pnl_usdt for trade in trades if trade.exit_reason == reason)
        rows.append(f"<tr><th>{words(reason)}</th><td>{count}</td><td class='{_sign(pnl)}'>{pnl:+,.2f}</td></tr>")
    return table(("How trades ended", "Trades", "Net USDT"), rows)


def signal_outcomes(metrics: Mapping[str, float | None]) -> str:
    """What became of the signals."""
    rows = [
        f"<tr><th>{words(name.removeprefix('signals_'))}</th><td>{count:,.0f}</td></tr>"
        for name, count in metrics.items()
        if name.startswith("signals_") and count
    ]
    return table(("What became of signals", "Signals"), rows)


def table(head: Sequence[str], rows: Sequence[str], kind: str = "small") -> str:
    """Rows that are written already under their titles.

    :param kind: the style's name for it.
    """
    titles = "".join(f"<th>{title}</th>" for title in head)
    return f"<table class='{kind}'><thead><tr>{titles}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def words(name: str) -> str:
    """A name as people write it."""
    parts = [_SPELLED.get(word, word) for word in escape(name).split("_")]
    return " ".join([parts[0][:1].upper() + parts[0][1:], *parts[1:]])


def rules(params: Mapping[str, object]) -> str:
    """Everything the run depended on, nested names joined by points."""
    shown = {name: value for name, value in params.items() if name != "notes"}
    rows = [f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in _leaves(shown)]
    return f"<table class='rules'><tbody>{''.join(rows)}</tbody></table>"


def _short(curve: EquityCurve) -> bool:
    return int(curve.close_ms[-1] - curve.close_ms[0]) < _SHORT_MS


def _card(run: RunRecord, title: str, name: str, form: str, second: str, second_form: str) -> str:
    value, beside = run.metrics.get(name), run.metrics.get(second)
    shown = "n/a" if value is None else form.format(value)
    below = "" if beside is None else second_form.format(beside)
    sign = _sign(value) if name in _SIGNED and value is not None else ""
    return f"<div class='card'><span>{title}</span><b class='{sign}'>{shown}</b><small>{below}</small></div>"


def _month(value: float | None, kind: str = "") -> str:
    """One cell in percent, the stronger the colour the larger the return."""
    if value is None:
        return "<td class='none'></td>"
    # Below 1, so that ordinary months of one or two percent can be told apart.
    strength = min(abs(value) / _STRONG_MONTH, 1.0) ** 0.6 * 70
    tone = "gain" if value >= 0 else "loss"
    style = f"background: color-mix(in srgb, var(--{tone}) {strength:.0f}%, transparent)" if abs(value) >= 5e-5 else ""
    return f'<td class="{kind}" style="{style}">{value * 100:+.1f}</td>'


def _figure_table(metrics: Mapping[str, float | None], names: Sequence[str]) -> str:
    rows = []
    for name in names:
        sided = [f"{side}_{name}" for side in ("long", "short")]
        sides = "".join(f"<td>{_number(metrics[one]) if one in metrics else ''}</td>" for one in sided)
        rows.append(f"<tr><th>{words(name)}</th><td>{_number(metrics[name])}</td>{sides}</tr>")
    return table(("", "All", "Long", "Short"), rows, "figures")


def _number(value: float | None) -> str:
    """Digits by size: money needs cents, ratios four places."""
    if value is None or not np.isfinite(value):
        return "n/a"
    if value == int(value) and abs(value) < 1e12:
        return f"{value:,.0f}"
    return f"{value:,.2f}" if abs(value) >= 100 else f"{value:,.4g}"


def _sign(value: float) -> str:
    return "gain" if value > 0 else "loss" if value < 0 else ""


def _leaves(values: Mapping[str, object], path: str = "") -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{path}{name}.")
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            yield f"{path}{name}", "; ".join(", ".join(f"{key} {inner}" for key, inner in one.items()) for one in value)
        elif isinstance(value, list):
            yield f"{path}{name}", ", ".join(map(str, value)) or "none"
        else:
            yield f"{path}{name}", "none" if value is None else str(value)

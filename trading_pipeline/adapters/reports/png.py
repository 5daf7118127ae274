"""Equity and drawdown as a picture for the metadata of a Dagster run."""

from io import BytesIO

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

from trading_pipeline.domain.analysis.drawdown import drawdown_series
from trading_pipeline.domain.model.backtest_runs import EquityCurve

_MAX_POINTS = 4_000


def equity_png(curve: EquityCurve, initial: float, title: str) -> bytes:
    """The equity curve above, the drawdown in percent below, as PNG.

    :param initial: capital before the first bar, quote currency.
    """
    starts = np.arange(0, len(curve.equity), max(1, len(curve.equity) // _MAX_POINTS))
    times = curve.close_ms[starts].astype("datetime64[ms]")
    equity = curve.equity[starts]
    # The deepest of each group: a drawdown must not disappear between two points.
    falls = np.maximum.reduceat(drawdown_series(curve.equity, initial), starts) * -100.0
    figure = Figure(figsize=(10, 5), layout="constrained")
    FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    above.plot(times, equity, color="#2563eb", linewidth=1.2)
    above.axhline(initial, color="#94a3b8", linewidth=0.8, linestyle="--")
    above.set_title(title)
    above.set_ylabel("equity, USDT")
    below.fill_between(times, falls, 0, color="#dc2626", alpha=0.35, linewidth=0)
    below.set_ylabel("drawdown, %")
    locator = AutoDateLocator()
    below.xaxis.set_major_locator(locator)
    below.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    for axes in (above, below):
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    buffer = BytesIO()
    figure.savefig(buffer, dpi=110, format="png")
    return buffer.getvalue()

"""The account's equity over venue time as a PNG."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure


def draw_equity_curve(path: Path, readings: Sequence[tuple[datetime, Decimal]], title: str) -> None:
    """Write the plot to ``path``.

    :param readings: venue time and equity in USDT, oldest first.
    """
    times = [reading[0] for reading in readings]
    equity = [float(reading[1]) for reading in readings]
    figure = Figure(figsize=(9, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    # Steps, because between two readings nothing is known.
    axes.step(times, equity, where="post", color="#1f5f99", linewidth=1.4)  # type: ignore[arg-type]
    axes.set_title(title)
    axes.set_ylabel("equity, USDT")
    locator = AutoDateLocator()
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=110)

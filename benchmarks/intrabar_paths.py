"""How often each rule about the path inside a bar is right, on recorded 1m bars that show it.

Longer bars are made of the 1m bars of each file; what comes first is known where high and low fall into different
minutes. Holes are left out: a bar counts with all of its minutes only.

    python benchmarks/intrabar_paths.py FILE...
    python benchmarks/intrabar_paths.py --minutes 5 --minutes 15 --minutes 60 data/*_1m_*.csv.gz

Files are CSV, also gzipped, that begin with the columns open time in milliseconds, open, high, low, close.
"""

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from trading_pipeline.domain.model.intrabar_paths import IntrabarPath, high_comes_first

MINUTE_MS = 60_000
JUDGED = (IntrabarPath.PULLBACK_FIRST, IntrabarPath.NEAREST_EXTREME, IntrabarPath.CANDLE_DIRECTION)
"""The rules that ask the bar alone."""
Floats = NDArray[np.float64]


class Bars(NamedTuple):
    """Bars whose inside is known: prices, shape ``(n,)``, and whether the high came before the low."""

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    high_first: NDArray[np.bool_]

    def right(self, rule: IntrabarPath) -> float:
        """The share of bars of which the rule says what was."""
        prices = zip(self.open, self.high, self.low, self.close, strict=True)
        return float(np.mean([high_comes_first(rule, *one) for one in prices] == self.high_first))

    def low_first(self, rose: bool) -> float:
        """The share of up bars, or of down bars, whose low came first."""
        chosen = self.close > self.open if rose else self.close < self.open
        return float(1 - self.high_first[chosen].mean())


def read(path: Path) -> Floats:
    """Rows of open time (UTC ms), open, high, low, close."""
    rows: Floats = np.loadtxt(path, delimiter=",", skiprows=1, usecols=range(5), ndmin=2)
    return rows


def observed(rows: Floats, minutes: int) -> Bars:
    """The bars of so many minutes that are whole, and of which the order of the extremes is known."""
    group = rows[:, 0] // (minutes * MINUTE_MS)
    first = np.flatnonzero(np.diff(group, prepend=np.nan))
    whole = first[np.diff(np.append(first, len(rows))) == minutes]
    inside = rows[whole[:, None] + np.arange(minutes)]
    high_at, low_at = inside[:, :, 2].argmax(axis=1), inside[:, :, 3].argmin(axis=1)
    known = inside[high_at != low_at]
    return Bars(
        open=known[:, 0, 1],
        high=known[:, :, 2].max(axis=1),
        low=known[:, :, 3].min(axis=1),
        close=known[:, -1, 4],
        high_first=(high_at < low_at)[high_at != low_at],
    )


def main() -> None:
    """Measure the files and print one line for each and each length."""
    arguments = argparse.ArgumentParser(description="How often each rule about the path inside a bar is right.")
    arguments.add_argument("files", nargs="+", type=Path, help="recorded 1m bars")
    arguments.add_argument("--minutes", type=int, action="append", help="length of the bars; 5 and 15 by default")
    options = arguments.parse_args()
    table = Table(title="order of the extremes")
    for column in ("file", "minutes", "bars", "up: low first", "down: high first"):
        table.add_column(column)
    for rule in JUDGED:
        table.add_column(f"{rule.name.lower()} right")
    for path in options.files:
        rows = read(path)
        for minutes in options.minutes or (5, 15):
            bars = observed(rows, minutes)
            shares = (bars.low_first(True), 1 - bars.low_first(False), *(bars.right(rule) for rule in JUDGED))
            table.add_row(path.name, str(minutes), str(len(bars.open)), *(f"{share:.1%}" for share in shares))
    Console(width=180).print(table)


if __name__ == "__main__":
    main()

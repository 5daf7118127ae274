"""Deterministic integer bars whose divergences are known: a linear congruential random walk."""

from collections.abc import Iterator

import pandas as pd

from trading_pipeline_tests.domain.strategies.bars import bars_from


def _draws(seed: int) -> Iterator[int]:
    state = seed
    while True:
        state = (1103515245 * state + 12345) % 2**31
        yield state // 65536


def golden_bars(seed: int, count: int = 700) -> pd.DataFrame:
    """``count`` hourly bars; prices are whole halves of a dollar, starting at 30,000."""
    draw = _draws(seed)
    price = 60_000
    columns: dict[str, list[float]] = {name: [] for name in ("open", "high", "low", "close", "volume")}
    for _ in range(count):
        close = price + next(draw) % 401 - 200
        high = max(price, close) + next(draw) % 101
        low = min(price, close) - next(draw) % 101
        row = (price / 2, high / 2, low / 2, close / 2, 100 + next(draw) % 900)
        for name, value in zip(columns, row, strict=True):
            columns[name].append(value)
        price = close
    return bars_from(columns)

"""Bars at which nothing is entered where holes are refused: one lacks between the anchor of their day and them.

The pipeline judges stored bars so in ``check_bars``; here the same follows from the open times alone, for research on
bars of which nobody can be asked whether they lack for good.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from trading_pipeline.domain.model.missing_bars import Integers, bar_numbers
from trading_pipeline.domain.model.partitions import WINDOW_BARS
from trading_pipeline.domain.model.timeframes import Timeframe

Flags = npt.NDArray[np.bool_]


def refused(bars: pd.DataFrame, timeframe: Timeframe) -> Flags:
    """Which bars look back on a hole.

    :param bars: needs ``open_time``, UTC, ascending.
    """
    numbers = bar_numbers(bars["open_time"], timeframe)
    return _broken(numbers, numbers // (Timeframe.D1.ms // timeframe.ms), numbers, timeframe)


def refused_higher(bars: pd.DataFrame, higher: pd.DataFrame, timeframe: Timeframe) -> Flags:
    """Of which bars the newest closed bar of a higher timeframe looks back on a hole in that timeframe.

    It is judged from the anchor of the lower bar's day, like everything that the pipeline computes for that day.

    :param bars: needs ``open_time`` and ``close_time``, UTC, ascending; so does ``higher``, of ``timeframe``.
    """
    days = bar_numbers(bars["open_time"], Timeframe.D1)
    newest = bar_numbers(bars["close_time"], timeframe) - 1
    return _broken(bar_numbers(higher["open_time"], timeframe), days, newest, timeframe)


def _broken(numbers: Integers, days: Integers, last: Integers, timeframe: Timeframe) -> Flags:
    """Whether a bar lacks between the anchor of each day, or where history begins, and the last that is due."""
    if not len(numbers):
        return np.zeros(len(days), np.bool_)
    begin = np.maximum(days * (Timeframe.D1.ms // timeframe.ms) - WINDOW_BARS, numbers[0])
    there = np.searchsorted(numbers, last, side="right") - np.searchsorted(numbers, begin)
    broken: Flags = there < last - begin + 1
    return broken

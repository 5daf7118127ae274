"""Values of higher timeframes beside the bars of a lower one, as they were known at each close."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from trading_pipeline.domain.model.bar_frames import coarser_bars
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.holes import HolePolicy
from trading_pipeline.domain.model.refused_bars import refused_higher
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.strategies.framework.arrays import BarArrays
from trading_pipeline.domain.strategies.framework.base import Strategy


def longer(strategy: Strategy, timeframe: Timeframe) -> list[Timeframe]:
    """The strategy's higher timeframes that are higher than ``timeframe``, in its order."""
    return [higher for higher in strategy.higher_timeframes if higher.ms > timeframe.ms]


def with_higher(
    strategy: Strategy, bars: pd.DataFrame, higher: Mapping[Timeframe, pd.DataFrame], timeframe: Timeframe
) -> pd.DataFrame:
    """Bars with the strategy's context of the higher bars that are given, e.g. ``rsi_14_4h``.

    :param higher: bars by timeframe; those the strategy does not ask for are left alone.
    """
    for one in longer(strategy, timeframe):
        if one in higher:
            bars = as_of_close(bars, closing_values(strategy, higher[one]), one)
    return bars


def with_resampled(strategy: Strategy, bars: pd.DataFrame, holes: HolePolicy = HolePolicy.COMPUTE_OVER) -> pd.DataFrame:
    """Bars with the strategy's context of higher bars that are made of the bars themselves.

    Nothing but these bars is known then: give the whole history, and cut it afterwards.

    :param holes: refused, the context is unknown for as long as a higher bar lacks in the window behind it.
    """
    if not strategy.higher_timeframes or not len(bars):
        return bars
    base = BarArrays.of(bars).timeframe
    higher = {one: coarser_bars(bars, base, one) for one in longer(strategy, base)}
    framed = with_higher(strategy, bars, higher, base)
    if holes is HolePolicy.REFUSE:
        for one, rows in higher.items():
            values = [name for name in framed.columns if str(name).endswith(f"_{one}")]
            framed[values] = framed[values].mask(refused_higher(bars, rows, one))
    return framed


def closing_values(strategy: Strategy, bars: pd.DataFrame) -> pd.DataFrame:
    """The strategy's context of higher bars, and when it is known: ``close_time``."""
    return strategy.context(bars).assign(close_time=bars["close_time"])


def as_of_close(bars: pd.DataFrame, values: pd.DataFrame, timeframe: Timeframe) -> pd.DataFrame:
    """Bars with the values of the higher bar that was the newest to close by each bar's own close.

    A higher bar that closes at the same instant counts; the one still forming never does. Where the
    newest is not there, its values are NaN and not those of an older one.

    :param bars: needs ``close_time``, ascending.
    :param values: ``close_time`` and value columns of the higher timeframe, ascending; the columns are
        added to the bars with its suffix, e.g. ``_4h``.
    :raises DataError: closing times repeat or are not ascending.
    """
    for label, frame in (("bars", bars), ("higher bars", values)):
        if not (frame["close_time"].is_monotonic_increasing and frame["close_time"].is_unique):
            raise DataError(f"close times of {label} repeat or are not ascending: sort and deduplicate them first")
    # The close that is due, not the newest one found: an older
    # value in its place would be another decision nobody sees.
    due = _close_ms(bars) // timeframe.ms * timeframe.ms
    place = pd.Index(_close_ms(values)).get_indexer(pd.Index(due))
    known = values.drop(columns="close_time").add_suffix(f"_{timeframe}").reset_index(drop=True).reindex(place)
    known.index = bars.index
    return pd.concat([bars.drop(columns=known.columns, errors="ignore"), known], axis=1)


def _close_ms(frame: pd.DataFrame) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Closing instants in milliseconds (UTC) since the epoch."""
    return frame["close_time"].astype("datetime64[ms, UTC]").to_numpy("datetime64[ms]").astype(np.int64)

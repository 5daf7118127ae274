"""Values of higher timeframes at the bars of a lower one, as they were known there."""

import pandas as pd

from trading_pipeline.domain.model.errors import DataError


def as_of_close(bars: pd.DataFrame, higher: pd.DataFrame, suffix: str) -> pd.DataFrame:
    """For every bar the newest row of ``higher`` that had closed by the bar's own close.

    A higher bar that closes at the same instant counts; the one still forming never does.

    :param bars: needs ``close_time``, ascending.
    :param higher: ``close_time`` and value columns, ascending.
    :param suffix: appended to the value columns, e.g. ``_4h``.
    :returns: the value columns, indexed like ``bars``; NaN before the first higher close.
    :raises DataError: closing times repeat or are not ascending.
    """
    for label, frame in (("bars", bars), ("higher bars", higher)):
        if not (frame["close_time"].is_monotonic_increasing and frame["close_time"].is_unique):
            raise DataError(f"close times of {label} repeat or are not ascending: sort and deduplicate them first")
    place = higher["close_time"].searchsorted(bars["close_time"].to_numpy(), side="right") - 1
    values = higher.drop(columns="close_time").add_suffix(suffix)
    joined = values.reset_index(drop=True).reindex(place)
    joined.index = bars.index
    return joined

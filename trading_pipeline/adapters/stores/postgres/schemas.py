"""What frames look like when they cross the border of the database.

A schema holds types, keys and order, and says nothing about prices: whether a bar is sound is a
verdict per bar that ``data_checks`` keeps, not a reason to refuse the whole frame.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa

from trading_pipeline.domain.model.bars import OHLCV
from trading_pipeline.domain.model.errors import DataError

_INSTANT = pd.DatetimeTZDtype("us", "UTC")

Rules = Mapping[str, Callable[[pd.DataFrame], "pd.Series[bool] | bool"]]
"""By what they demand; each says of every row whether it is so, or of the frame."""


def _closes_after_opening(frame: pd.DataFrame) -> "pd.Series[bool]":
    """A bar that closes before it opens belongs to no timeframe."""
    return frame["close_time"] > frame["open_time"]


def _key_ascends(frame: pd.DataFrame) -> "pd.Series[bool]":
    """Sorted by instrument and open time, one row per key."""
    same_symbol = frame["instrument_id"] == frame["instrument_id"].shift()
    return ~same_symbol | (frame["open_time"] > frame["open_time"].shift())


_RULES_OF_BARS: Rules = {
    "closes after it opens": _closes_after_opening,
    "one row per instrument and open time, ascending": _key_ascends,
}
BARS = pa.DataFrameSchema(
    {
        "instrument_id": pa.Column(str),
        "open_time": pa.Column(_INSTANT),
        "close_time": pa.Column(_INSTANT),
        # pandas takes NaN for null, and a bar with one is for ``data_checks`` to judge.
        **{name: pa.Column(float, nullable=True) for name in (*OHLCV, "turnover")},
    },
    checks=[pa.Check(rule, name=name) for name, rule in _RULES_OF_BARS.items()],
    strict=True,
    ordered=True,
    name="bars",
)
"""A frame with ``BAR_COLUMNS``."""


def _one_row_per_close(frame: pd.DataFrame) -> "pd.Series[bool]":
    """A bar has one snapshot."""
    return ~frame.duplicated(["instrument_id", "close_time"])


def _all_numbers(frame: pd.DataFrame) -> bool:
    """Every column beside the key is an indicator."""
    return all(kind == "float64" for kind in frame.dtypes.drop(["instrument_id", "close_time"]))


_RULES_OF_SNAPSHOTS: Rules = {
    "one row per instrument and close time": _one_row_per_close,
    "indicators are float64": _all_numbers,
}
SNAPSHOTS = pa.DataFrameSchema(
    {"instrument_id": pa.Column(str), "close_time": pa.Column(_INSTANT)},
    checks=[pa.Check(rule, name=name) for name, rule in _RULES_OF_SNAPSHOTS.items()],
    name="snapshots",
)
"""A frame of indicator snapshots; which indicators it holds is the domain's affair."""

_BY_NAME = {"bars": (BARS, _RULES_OF_BARS), "snapshots": (SNAPSHOTS, _RULES_OF_SNAPSHOTS)}


def validated(frame: pd.DataFrame, schema: pa.DataFrameSchema) -> pd.DataFrame:
    """The frame itself, when it keeps the schema.

    Pandera is asked once about each set of columns, and what is wrong where something is: it takes milliseconds to find
    that a frame is as the last one was, and a wave has two frames of every timeframe.

    :raises DataError: the first broken rule, with instrument and time of its row where there is one.
    """
    if _keeps(frame, schema):
        return frame
    try:
        return schema.validate(frame)
    except pa.errors.SchemaError as error:
        raise DataError(_sentence(frame, error)) from error
    except pa.errors.SchemaErrors as error:
        raise DataError(_sentence(frame, error.schema_errors[0])) from error


def _keeps(frame: pd.DataFrame, schema: pa.DataFrameSchema) -> bool:
    """Whether the frame has columns that pandera accepts, no nulls where there may be none, and keeps every rule."""
    if not frame.columns.is_unique or not _accepted(schema.name, tuple(frame.columns), tuple(frame.dtypes)):
        return False
    if any(frame[name].hasnans for name, column in schema.columns.items() if not column.nullable):
        return False
    _, rules = _BY_NAME[schema.name]
    return all(np.all(rule(frame)) for rule in rules.values())


@cache
def _accepted(name: str, columns: tuple[str, ...], types: tuple[Any, ...]) -> bool:
    """Whether pandera accepts a frame of such columns that has no rows."""
    schema, _ = _BY_NAME[name]
    empty = pd.DataFrame({column: pd.Series(dtype=kind) for column, kind in zip(columns, types, strict=True)})
    with suppress(pa.errors.SchemaError, pa.errors.SchemaErrors):
        schema.validate(empty)
        return True
    return False


def _sentence(frame: pd.DataFrame, error: pa.errors.SchemaError) -> str:
    rule = getattr(error.check, "name", None) or str(error).splitlines()[0]
    cases = error.failure_cases
    index = cases["index"].dropna() if isinstance(cases, pd.DataFrame) and "index" in cases else pd.Series()
    if index.empty:
        return f"frame refused: {rule}"
    row = frame.loc[index.iloc[0]]
    time = row["open_time"] if "open_time" in row else row["close_time"]
    return f"{row['instrument_id']} {time.isoformat()}: frame refused: {rule}"

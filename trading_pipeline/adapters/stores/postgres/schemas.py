"""What frames look like when they cross the border of the database.

A schema holds types, keys and order, and says nothing about prices: whether a bar is sound is a
verdict per bar that ``data_checks`` keeps, not a reason to refuse the whole frame.
"""

import pandas as pd
import pandera.pandas as pa

from trading_pipeline.domain.model.bars import OHLCV
from trading_pipeline.domain.model.errors import DataError

_INSTANT = pd.DatetimeTZDtype("us", "UTC")


def _closes_after_opening(frame: pd.DataFrame) -> "pd.Series[bool]":
    """A bar that closes before it opens belongs to no timeframe."""
    return frame["close_time"] > frame["open_time"]


def _key_ascends(frame: pd.DataFrame) -> "pd.Series[bool]":
    """Sorted by instrument and open time, one row per key."""
    same_symbol = frame["instrument_id"] == frame["instrument_id"].shift()
    return ~same_symbol | (frame["open_time"] > frame["open_time"].shift())


BARS = pa.DataFrameSchema(
    {
        "instrument_id": pa.Column(str),
        "open_time": pa.Column(_INSTANT),
        "close_time": pa.Column(_INSTANT),
        # pandas takes NaN for null, and a bar with one is for ``data_checks`` to judge.
        **{name: pa.Column(float, nullable=True) for name in (*OHLCV, "turnover")},
    },
    checks=[
        pa.Check(_closes_after_opening, name="closes after it opens"),
        pa.Check(_key_ascends, name="one row per instrument and open time, ascending"),
    ],
    strict=True,
    ordered=True,
)
"""A frame with ``BAR_COLUMNS``."""


def _one_row_per_close(frame: pd.DataFrame) -> "pd.Series[bool]":
    """A bar has one snapshot."""
    return ~frame.duplicated(["instrument_id", "close_time"])


def _all_numbers(frame: pd.DataFrame) -> bool:
    """Every column beside the key is an indicator."""
    return all(kind == "float64" for kind in frame.dtypes.drop(["instrument_id", "close_time"]))


SNAPSHOTS = pa.DataFrameSchema(
    {"instrument_id": pa.Column(str), "close_time": pa.Column(_INSTANT)},
    checks=[
        pa.Check(_one_row_per_close, name="one row per instrument and close time"),
        pa.Check(_all_numbers, name="indicators are float64"),
    ],
)
"""A frame of indicator snapshots; which indicators it holds is the domain's affair."""


def validated(frame: pd.DataFrame, schema: pa.DataFrameSchema) -> pd.DataFrame:
    """The frame itself, when it keeps the schema.

    :raises DataError: the first broken rule, with instrument and time of its row where there is one.
    """
    try:
        return schema.validate(frame)
    except pa.errors.SchemaError as error:
        raise DataError(_sentence(frame, error)) from error
    except pa.errors.SchemaErrors as error:
        raise DataError(_sentence(frame, error.schema_errors[0])) from error


def _sentence(frame: pd.DataFrame, error: pa.errors.SchemaError) -> str:
    rule = getattr(error.check, "name", None) or str(error).splitlines()[0]
    cases = error.failure_cases
    index = cases["index"].dropna() if isinstance(cases, pd.DataFrame) and "index" in cases else pd.Series()
    if index.empty:
        return f"frame refused: {rule}"
    row = frame.loc[index.iloc[0]]
    time = row["open_time"] if "open_time" in row else row["close_time"]
    return f"{row['instrument_id']} {time.isoformat()}: frame refused: {rule}"

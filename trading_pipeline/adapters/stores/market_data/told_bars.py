"""Bars as parameters of one statement, which joins them as the table ``told``."""

from collections.abc import Sequence

from trading_pipeline.domain.model.bars import OHLCV, Bar

NUMBERS = (*OHLCV, "turnover")
"""Columns of every table of bars that hold a price or an amount."""

# One text per column: the server splits it faster than the driver can bind arrays of decimals.
TOLD = """
told AS (
    SELECT * FROM unnest(
        string_to_array(%(instrument_id)s, ','), string_to_array(%(timeframe)s, ','),
        string_to_array(%(open_time)s, ',')::timestamptz[], string_to_array(%(close_time)s, ',')::timestamptz[],
        string_to_array(%(open)s, ',')::numeric[], string_to_array(%(high)s, ',')::numeric[],
        string_to_array(%(low)s, ',')::numeric[], string_to_array(%(close)s, ',')::numeric[],
        string_to_array(%(volume)s, ',')::numeric[], string_to_array(%(turnover)s, ',')::numeric[]
    ) WITH ORDINALITY
    AS told(instrument_id, timeframe, open_time, close_time, open, high, low, close, volume, turnover, position)
)
"""
"""``position`` counts the bars from 1."""


def told(bars: Sequence[Bar]) -> dict[str, str]:
    """Parameters of ``TOLD``."""
    columns: dict[str, list[str]] = {
        "instrument_id": [bar.instrument_id for bar in bars],
        "timeframe": [bar.timeframe.value for bar in bars],
        "open_time": [bar.open_time.isoformat() for bar in bars],
        "close_time": [bar.close_time.isoformat() for bar in bars],
        **{name: [str(getattr(bar, name)) for bar in bars] for name in NUMBERS},
    }
    # No value holds a comma: they are names, instants and decimals.
    return {name: ",".join(values) for name, values in columns.items()}

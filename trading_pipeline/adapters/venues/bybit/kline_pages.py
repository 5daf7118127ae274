"""Whole pages of klines at once. Apart from ``parse``, as numpy is a burden to processes that hear bars one by one."""

from collections.abc import Sequence

import numpy as np

from trading_pipeline.adapters.venues.bybit.parse import KLINE_FIELDS, kline
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.model.written_bars import BETWEEN, WrittenBars


def klines(instrument_id: InstrumentId, timeframe: Timeframe, page: Sequence[object]) -> WrittenBars:
    """The rows of a REST page, newest first, as bars, oldest first, in the venue's own digits.

    Whether numbers are numbers is looked at where many of them are kept or computed with.

    :raises DataError: a row has another shape, or a time is none.
    """
    rows = [row for row in reversed(page) if isinstance(row, list) and len(row) >= KLINE_FIELDS]
    try:
        numbers = [BETWEEN.join(row[1:KLINE_FIELDS]) for row in rows]
        opens = np.array([int(row[0]) for row in rows], dtype=np.int64)
    except (ValueError, TypeError, OverflowError):
        rows = []
    if len(rows) != len(page):
        # The row at fault, in the words of the reader of single rows.
        for row in page:
            kline(instrument_id.symbol, timeframe, row)
        raise DataError(f"bybit sent a page of {len(page)} klines whose values cannot be read")
    return WrittenBars(instrument_id, timeframe, opens, numbers)

"""Whole pages of klines at once. Apart from ``parse``, as numpy is a burden to processes that hear bars one by one."""

from collections.abc import Sequence

import numpy as np

from trading_pipeline.adapters.venues.bybit.parse import KLINE_FIELDS, kline
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.model.written_bars import WrittenBars


def klines(instrument_id: InstrumentId, timeframe: Timeframe, page: Sequence[object]) -> WrittenBars:
    """The rows of a REST page, newest first, as bars, oldest first, in the venue's own digits.

    :raises DataError: a row has another shape, a time is none, a number is not finite.
    """
    rows = [row for row in reversed(page) if isinstance(row, list) and len(row) >= KLINE_FIELDS]
    numbers = [row[1:KLINE_FIELDS] for row in rows]
    try:
        opens = np.array([row[0] for row in rows], dtype="U").astype(np.int64)
        whole = len(rows) == len(page) and bool(np.isfinite(np.array(numbers, dtype="U").astype(np.float64)).all())
    except (ValueError, TypeError, OverflowError):
        whole = False
    if not whole:
        # The row at fault, in the words of the reader of single rows.
        for row in page:
            kline(instrument_id.symbol, timeframe, row)
        raise DataError(f"bybit sent a page of {len(page)} klines that cannot be read as numbers")
    return WrittenBars(instrument_id, timeframe, opens, numbers)


def joined(instrument_id: InstrumentId, timeframe: Timeframe, pages: Sequence[WrittenBars]) -> WrittenBars:
    """Pages that follow each other as one."""
    opens = np.concatenate([np.empty(0, np.int64), *(page.open_ms for page in pages)])
    return WrittenBars(instrument_id, timeframe, opens, [row for page in pages for row in page.numbers])

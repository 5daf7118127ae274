"""Bars in PostgreSQL, consolidated and read as frames."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from trading_pipeline.adapters.stores.market_data.raw_bar_store import NUMBERS, PostgresRawBarStore
from trading_pipeline.adapters.stores.postgres.bulk_copy import read_arrays
from trading_pipeline.adapters.stores.postgres.schemas import BARS, validated
from trading_pipeline.domain.model.bar_history import Conflict, FirstAvailableBar
from trading_pipeline.domain.model.bars import BAR_COLUMNS
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.stores.market_data.bar_store import BarStore

_IN_RANGE = "symbol = ANY(%(symbols)s) AND timeframe = %(timeframe)s AND open_time >= %(start)s AND open_time < %(end)s"

_VALUES = ("close_time", *NUMBERS, "source")
_CONSOLIDATE = f"""
WITH best AS (
    SELECT DISTINCT ON (symbol, open_time) symbol, timeframe, open_time, {", ".join(_VALUES)}
    FROM trading.raw_bars WHERE {_IN_RANGE}
    ORDER BY symbol, open_time, array_position(ARRAY['websocket', 'rest', 'file'], source)
)
INSERT INTO trading.bars (symbol, timeframe, open_time, {", ".join(_VALUES)})
SELECT symbol, timeframe, open_time, {", ".join(_VALUES)} FROM best
WHERE NOT EXISTS (
    SELECT FROM trading.bars AS stored
    WHERE stored.symbol = best.symbol AND stored.timeframe = best.timeframe AND stored.open_time = best.open_time
    AND ROW({", ".join(f"stored.{name}" for name in _VALUES)})
        IS NOT DISTINCT FROM ROW({", ".join(f"best.{name}" for name in _VALUES)})
)
ON CONFLICT (symbol, timeframe, open_time)
DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _VALUES)}
"""  # noqa: S608

_COLUMNS = ("open_time", "close_time", *NUMBERS)
_FRAME = f"""
SELECT min(symbol), {", ".join(f"array_agg({name})" for name in _COLUMNS)} FROM (
    SELECT position, bars.symbol, open_time, close_time, {", ".join(f"{name}::float8" for name in NUMBERS)}
    FROM unnest(%(symbols)s::text[]) WITH ORDINALITY AS wanted(symbol, position)
    JOIN trading.bars USING (symbol)
    WHERE timeframe = %(timeframe)s AND open_time >= %(start)s AND open_time < %(end)s
    ORDER BY position, open_time
) AS sorted GROUP BY position ORDER BY position
"""  # noqa: S608

_COUNTS = f"""
SELECT symbol, count(DISTINCT open_time) AS bars FROM trading.raw_bars WHERE {_IN_RANGE} GROUP BY symbol
"""  # noqa: S608
_TIMES = f"""
SELECT symbol, array_agg(DISTINCT open_time) AS times FROM trading.raw_bars WHERE {_IN_RANGE} GROUP BY symbol
"""  # noqa: S608

_DISAGREE = " OR ".join(f"min({name}) <> max({name})" for name in ("open", "high", "low", "close"))
_CONFLICTS = f"""
SELECT symbol, open_time,
    string_agg(source || ' ' || open || '/' || high || '/' || low || '/' || close, ', ' ORDER BY source) AS detail
FROM trading.raw_bars WHERE {_IN_RANGE}
GROUP BY symbol, open_time HAVING count(*) > 1 AND ({_DISAGREE}) ORDER BY symbol, open_time
"""  # noqa: S608


class PostgresBarStore(PostgresRawBarStore, BarStore):
    """``raw_bars``, ``bars``, ``waves`` and ``listings``; one transaction per call."""

    def missing(
        self, symbols: Sequence[str], timeframe: Timeframe, start: datetime, end: datetime
    ) -> dict[str, list[datetime]]:
        """See the port."""
        grid = [start + step * timeframe.duration for step in range(max(0, (end - start) // timeframe.duration))]
        with self._engine.connect() as connection:
            counts = connection.exec_driver_sql(_COUNTS, _range(symbols, timeframe, start, end)).all()
            found = {row.symbol: row.bars for row in counts}
            short = [symbol for symbol in symbols if found.get(symbol, 0) < len(grid)]
            # Almost always nothing is missing: only the symbols that fall short are looked at bar by bar.
            times = connection.exec_driver_sql(_TIMES, _range(short, timeframe, start, end)).all()
        present = {row.symbol: set(row.times) for row in times}
        return {symbol: [time for time in grid if time not in present.get(symbol, ())] for symbol in short}

    def first_raw_open(self, symbol: str, timeframe: Timeframe, since: datetime) -> datetime | None:
        """See the port."""
        return self._instant(
            "SELECT min(open_time) FROM trading.raw_bars"
            " WHERE symbol = %(symbol)s AND timeframe = %(timeframe)s AND open_time >= %(since)s",
            {"symbol": symbol, "timeframe": timeframe.value, "since": since},
        )

    def first_available_bars(self, symbols: Sequence[str], timeframe: Timeframe) -> dict[str, FirstAvailableBar]:
        """See the port."""
        query = (
            "SELECT symbol, asked_from, first_open FROM trading.listings"
            " WHERE symbol = ANY(%(symbols)s) AND timeframe = %(timeframe)s"
        )
        with self._engine.connect() as connection:
            rows = connection.exec_driver_sql(query, {"symbols": list(symbols), "timeframe": timeframe.value})
            return {row.symbol: FirstAvailableBar(row.symbol, row.asked_from, row.first_open) for row in rows}

    def record_first_available_bar(self, listing: FirstAvailableBar, timeframe: Timeframe) -> None:
        """See the port."""
        with self._engine.begin() as connection:
            connection.exec_driver_sql(
                "INSERT INTO trading.listings (symbol, timeframe, asked_from, first_open)"
                " VALUES (%(symbol)s, %(timeframe)s, %(asked_from)s, %(first_open)s)"
                " ON CONFLICT (symbol, timeframe)"
                " DO UPDATE SET asked_from = excluded.asked_from, first_open = excluded.first_open",
                {
                    "symbol": listing.symbol,
                    "timeframe": timeframe.value,
                    "asked_from": listing.asked_from,
                    "first_open": listing.first_open,
                },
            )

    def conflicts(self, symbols: Sequence[str], timeframe: Timeframe, start: datetime, end: datetime) -> list[Conflict]:
        """See the port."""
        with self._engine.connect() as connection:
            rows = connection.exec_driver_sql(_CONFLICTS, _range(symbols, timeframe, start, end))
            return [Conflict(row.symbol, row.open_time, row.detail) for row in rows]

    def consolidate(self, symbols: Sequence[str], timeframe: Timeframe, start: datetime, end: datetime) -> int:
        """See the port."""
        with self._engine.begin() as connection:
            return connection.exec_driver_sql(_CONSOLIDATE, _range(symbols, timeframe, start, end)).rowcount

    def frame(self, symbols: Sequence[str], timeframe: Timeframe, start: datetime, end: datetime) -> pd.DataFrame:
        """See the port."""
        with self._engine.connect() as connection:
            rows = read_arrays(connection, _FRAME, _range(symbols, timeframe, start, end))
        arrays = {name: [row[place] for row in rows] for place, name in enumerate(("symbol", *_COLUMNS))}
        counts = [len(times) for times in arrays["open_time"]]  # type: ignore[arg-type]
        frame = pd.DataFrame({name: _joined(name, arrays[name]) for name in _COLUMNS})
        frame.insert(0, "symbol", pd.Series(np.repeat(np.array(arrays["symbol"], dtype=object), counts), dtype="str"))
        return validated(frame[list(BAR_COLUMNS)], BARS)


def _joined(name: str, parts: list[object]) -> "pd.Series[float] | pd.DatetimeIndex":
    """The arrays of all symbols as one column."""
    arrays: list[npt.NDArray[np.generic]] = [np.asarray(part) for part in parts]
    if name in NUMBERS:
        return pd.Series(np.concatenate([*arrays, np.empty(0, np.float64)]))
    return pd.DatetimeIndex(np.concatenate([*arrays, np.empty(0, "datetime64[us]")])).tz_localize("UTC")


def _range(symbols: Sequence[str], timeframe: Timeframe, start: datetime, end: datetime) -> dict[str, object]:
    """Parameters of a query over a range; symbols sorted, because frames are."""
    return {"symbols": sorted(symbols), "timeframe": timeframe.value, "start": start, "end": end}

"""Funding, open interest and mark prices over REST; public.

Pages: v5/market/history-fund-rate, open-interest, mark-kline.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TypeVar

from trading_pipeline.adapters.venues.bybit import capabilities
from trading_pipeline.adapters.venues.bybit.client import Answer, BybitClient
from trading_pipeline.adapters.venues.bybit.payload import as_decimal, as_instant, decimal, entries, instant, rows
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.reference_series import HOUR, FundingRate, MarkBar, OpenInterest, SeriesRow
from trading_pipeline.domain.model.timeframes import to_ms
from trading_pipeline.ports.venue.reference_data import ReferenceData

RowT = TypeVar("RowT", bound=SeriesRow)
_MARK_FIELDS = 5


class BybitReferenceData(ReferenceData):
    """Ranges are cut so that no answer is longer than a page: no row depends on a cursor."""

    def __init__(self, client: BybitClient) -> None:
        self._client = client

    def funding_rates(self, instrument_id: InstrumentId, start: datetime, end: datetime) -> list[FundingRate]:
        """By hours, as often as a contract may be settled."""

        def read(answer: Answer) -> list[FundingRate]:
            return [
                FundingRate(instrument_id, instant(row, "fundingRateTimestamp"), decimal(row, "fundingRate"))
                for row in rows(answer.result, "list")
            ]

        return self._pages(
            lambda since, until: self._client.read(
                self._client.http.get_funding_rate_history,
                read,
                category=capabilities.CATEGORY,
                symbol=instrument_id.symbol,
                startTime=since,
                endTime=until,
                limit=capabilities.SERIES_PAGE,
            ),
            capabilities.SERIES_PAGE * HOUR,
            (start, end),
        )

    def open_interest(self, instrument_id: InstrumentId, start: datetime, end: datetime) -> list[OpenInterest]:
        """By hours."""

        def read(answer: Answer) -> list[OpenInterest]:
            return [
                OpenInterest(instrument_id, instant(row, "timestamp"), decimal(row, "openInterest"))
                for row in rows(answer.result, "list")
            ]

        return self._pages(
            lambda since, until: self._client.read(
                self._client.http.get_open_interest,
                read,
                category=capabilities.CATEGORY,
                symbol=instrument_id.symbol,
                intervalTime="1h",
                startTime=since,
                endTime=until,
                limit=capabilities.SERIES_PAGE,
            ),
            capabilities.SERIES_PAGE * HOUR,
            (start, end),
        )

    def mark_bars(self, instrument_id: InstrumentId, start: datetime, end: datetime) -> list[MarkBar]:
        """The hour that is still going on is left out, by the time of the venue's own answer."""

        def read(answer: Answer) -> list[MarkBar]:
            found = [_mark_bar(instrument_id, row) for row in entries(answer.result, "list")]
            return [bar for bar in found if bar.at + HOUR <= answer.time]

        return self._pages(
            lambda since, until: self._client.read(
                self._client.http.get_mark_price_kline,
                read,
                category=capabilities.CATEGORY,
                symbol=instrument_id.symbol,
                interval="60",
                start=since,
                end=until,
                limit=capabilities.KLINE_LIMIT,
            ),
            capabilities.KLINE_LIMIT * HOUR,
            (start, end),
        )

    def _pages(
        self, ask: Callable[[int, int], list[RowT]], length: timedelta, wanted: tuple[datetime, datetime]
    ) -> list[RowT]:
        """Rows of all pages, oldest first; of what the venue tells beyond the range nothing."""
        start, end = wanted
        found = [row for since, until in _windows(length, start, end) for row in ask(to_ms(since), to_ms(until) - 1)]
        return sorted((row for row in found if start <= row.at < end), key=lambda row: row.at)


def _windows(length: timedelta, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    while start < end:
        until = min(start + length, end)
        yield start, until
        start = until


def _mark_bar(instrument_id: InstrumentId, row: object) -> MarkBar:
    if not isinstance(row, list) or len(row) < _MARK_FIELDS:
        raise DataError(f"bybit sent the mark row {row!r}, which has fewer than {_MARK_FIELDS} fields")
    prices = [as_decimal(value, "mark") for value in row[1:_MARK_FIELDS]]
    return MarkBar(instrument_id, as_instant(row[0], "startTime"), *prices)

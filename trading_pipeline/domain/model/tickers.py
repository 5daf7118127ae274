"""What a venue says of an instrument between bars: best prices, reference prices, funding to come, open interest."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal

from trading_pipeline.domain.model.identity import InstrumentId


@dataclass(frozen=True, slots=True)
class Ticker:
    """An instrument at one instant; prices in quote currency.

    :param at: venue time, UTC.
    :param mark_price: by which the venue values positions and liquidates them.
    :param index_price: of the spot markets that the contract follows.
    :param funding_rate: fraction of the position's value that longs pay shorts at ``next_funding_at``.
    :param open_interest: contracts held, in base currency.
    """

    instrument_id: InstrumentId
    at: datetime
    last_price: Decimal
    bid_price: Decimal
    ask_price: Decimal
    mark_price: Decimal
    index_price: Decimal
    funding_rate: Decimal
    next_funding_at: datetime
    open_interest: Decimal


TICKER_FIELDS = tuple(one.name for one in fields(Ticker) if one.name not in ("instrument_id", "at"))
"""Fields that a venue tells when they change."""


@dataclass(frozen=True, slots=True)
class TickerChange:
    """What a venue pushed.

    :param whole: whether fields that are not in ``values`` are unknown; else they are as they were.
    :param values: by names of ``TICKER_FIELDS``.
    """

    instrument_id: InstrumentId
    at: datetime
    whole: bool
    values: Mapping[str, Decimal | datetime]


@dataclass(frozen=True, slots=True)
class TickerBoard:
    """The present ticker of each instrument, put together from what is pushed."""

    _values: dict[InstrumentId, dict[str, Decimal | datetime]] = field(default_factory=dict)

    def clear(self) -> None:
        """Know nothing any more: of a new connection the first push of each instrument is whole."""
        self._values.clear()

    def apply(self, change: TickerChange) -> Ticker | None:
        """The ticker after the change; ``None`` while a field of it was never told."""
        if change.whole:
            self._values[change.instrument_id] = {}
        # A change without the whole before it would make a ticker of two connections.
        elif change.instrument_id not in self._values:
            return None
        known = self._values[change.instrument_id]
        known.update(change.values)
        if any(name not in known for name in TICKER_FIELDS):
            return None
        return Ticker(change.instrument_id, change.at, **known)  # type: ignore[arg-type]  # typed where they are read

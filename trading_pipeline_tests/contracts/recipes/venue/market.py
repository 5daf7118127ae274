"""Tulips at one price for ever, on a clock that stands still."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from trading_pipeline.domain.model.bars import Bar
from trading_pipeline.domain.model.books import OrderBook
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import InstrumentId, VenueName
from trading_pipeline.domain.model.instruments import Instrument, InstrumentKind
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.venue.market_data import LiveMarket, MarketData

TULIP = InstrumentId.of("TULIP", VenueName("TOY"))
PRICE = Decimal(100)
FEE = Decimal("0.001")


class ToyMarket(MarketData, LiveMarket):
    """One instrument, of which the venue has every bar that ever closed."""

    def __init__(self) -> None:
        self.now = datetime(2025, 6, 1, 0, 5, tzinfo=UTC)

    def server_time(self) -> datetime:
        """Where the clock stands."""
        return self.now

    def bars(self, instrument_id: InstrumentId, timeframe: Timeframe, start: datetime, end: datetime) -> list[Bar]:
        """Bars without movement."""
        refuse_unlisted(instrument_id)
        opens = timeframe.floor(start)
        found = []
        while opens < end and opens + timeframe.duration <= self.now:
            if opens >= start:
                found.append(Bar(TULIP, timeframe, opens, PRICE, PRICE, PRICE, PRICE, Decimal(1), PRICE))
            opens += timeframe.duration
        return found

    def instruments(self) -> dict[InstrumentId, Instrument]:
        """Tulips."""
        tulips = Instrument(
            instrument_id=TULIP,
            kind=InstrumentKind.LINEAR_PERPETUAL,
            base_currency="TULIP",
            quote_currency="GUILDER",
            settlement_currency="GUILDER",
            price_increment=Decimal("0.1"),
            quantity_increment=Decimal(1),
            min_quantity=Decimal(1),
            max_quantity=Decimal(1000),
            max_market_quantity=Decimal(1000),
            min_notional=Decimal(1),
            max_leverage=Decimal(10),
            maker_fee=FEE,
            taker_fee=FEE,
        )
        return {TULIP: tulips}

    def order_book(self, instrument_id: InstrumentId) -> OrderBook:
        """One level a side."""
        refuse_unlisted(instrument_id)
        tick = Decimal("0.1")
        return OrderBook(TULIP, self.now, ((PRICE - tick, Decimal(50)),), ((PRICE + tick, Decimal(50)),))

    def next_funding(self, instrument_id: InstrumentId) -> datetime:
        """At the next full day."""
        refuse_unlisted(instrument_id)
        return Timeframe.D1.floor(self.now) + timedelta(days=1)


def refuse_unlisted(instrument_id: InstrumentId) -> None:
    """:raises ConfigurationError: it is no tulip."""
    if instrument_id != TULIP:
        raise ConfigurationError(f"toy lists no {instrument_id}, only {TULIP}")

"""What stands between bars, in the schema ``trading``: rows of a venue's public data that no order depends on."""

from sqlalchemy import BigInteger, Column, DateTime, Index, Numeric, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from trading_pipeline.adapters.stores.postgres.columns import instant, run_id, written_at
from trading_pipeline.adapters.stores.postgres.tables import metadata

INSTRUMENT_TEXTS = ("kind", "base_currency", "quote_currency", "settlement_currency", "status")
INSTRUMENT_NUMBERS = (
    "price_increment",
    "quantity_increment",
    "min_quantity",
    "max_quantity",
    "max_market_quantity",
    "min_notional",
    "max_leverage",
    "maker_fee",
    "taker_fee",
)

tickers = Table(
    "tickers",
    metadata,
    Column("instrument_id", Text, primary_key=True),
    Column("at", DateTime(timezone=True), primary_key=True),
    Column("last_price", Numeric, nullable=False),
    Column("bid_price", Numeric, nullable=False),
    Column("ask_price", Numeric, nullable=False),
    Column("mark_price", Numeric, nullable=False),
    Column("index_price", Numeric, nullable=False),
    Column("funding_rate", Numeric, nullable=False),
    instant("next_funding_at"),
    Column("open_interest", Numeric, nullable=False),
    written_at("received_at"),
    # ages are asked of the whole table, in which rows lie by time
    Index("tickers_by_time", "at", postgresql_using="brin"),
)
"""Append-only; ``at`` is venue time."""

instruments = Table(
    "instruments",
    metadata,
    Column("instrument_id", Text, primary_key=True),
    *(Column(name, Text, nullable=False) for name in INSTRUMENT_TEXTS),
    *(Column(name, Numeric, nullable=False) for name in INSTRUMENT_NUMBERS),
    Column("delists_at", DateTime(timezone=True)),
    instant("read_at"),
    run_id(),
)
"""What the venue said last, at ``read_at`` of its time; what it lists no more has the status ``closed``."""


def _series(name: str, *numbers: str) -> Table:
    """A row an instrument and instant of venue time, as the venue told it."""
    return Table(
        name,
        metadata,
        Column("instrument_id", Text, primary_key=True),
        Column("at", DateTime(timezone=True), primary_key=True),
        *(Column(number, Numeric, nullable=False) for number in numbers),
        run_id(),
        written_at(),
    )


funding_rates = _series("funding_rates", "rate")
"""Settlements; ``rate`` is a fraction of the position's value."""

open_interest = _series("open_interest", "quantity")
"""Contracts held at the full hour, in base currency."""

mark_bars = _series("mark_bars", "open", "high", "low", "close")
"""The mark price over the hour that began ``at``."""

book_snapshots = Table(
    "book_snapshots",
    metadata,
    Column("instrument_id", Text, primary_key=True),
    Column("at", DateTime(timezone=True), primary_key=True),
    Column("update_id", BigInteger, nullable=False),
    Column("bids", JSONB, nullable=False),
    Column("asks", JSONB, nullable=False),
    written_at("received_at"),
    Index("book_snapshots_by_time", "at", postgresql_using="brin"),
)
"""Append-only; a side is its levels from the best on, each the venue's digits of price and quantity, as text."""

public_trades = Table(
    "public_trades",
    metadata,
    Column("instrument_id", Text, primary_key=True),
    Column("at", DateTime(timezone=True), primary_key=True),
    Column("trade_id", Text, primary_key=True),
    Column("side", Text, nullable=False),
    Column("price", Numeric, nullable=False),
    Column("quantity", Numeric, nullable=False),
    written_at("received_at"),
    Index("public_trades_by_time", "at", postgresql_using="brin"),
)
"""Append-only; ``side`` is the taker's."""

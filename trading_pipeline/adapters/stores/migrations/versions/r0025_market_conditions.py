"""What stands between bars has tables of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

_NUMBERS = ("last_price", "bid_price", "ask_price", "mark_price", "index_price", "funding_rate")
_SERIES = {"funding_rates": ["rate"], "open_interest": ["quantity"], "mark_bars": ["open", "high", "low", "close"]}
_INSTRUMENT_TEXTS = ("kind", "base_currency", "quote_currency", "settlement_currency", "status")
_INSTRUMENT_NUMBERS = (
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


def _key(name: str) -> sa.Column[object]:
    kind = sa.DateTime(timezone=True) if name == "at" else sa.Text()
    return sa.Column(name, kind, primary_key=True)


def _written_at(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, server_default=sa.func.clock_timestamp())


def upgrade() -> None:
    """Create them; of what was before nobody kept a record."""
    op.create_table(
        "tickers",
        _key("instrument_id"),
        _key("at"),
        *(sa.Column(name, sa.Numeric(), nullable=False) for name in _NUMBERS),
        sa.Column("next_funding_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("open_interest", sa.Numeric(), nullable=False),
        _written_at("received_at"),
        schema="trading",
    )
    op.create_index("tickers_by_time", "tickers", ["at"], schema="trading", postgresql_using="brin")

    op.create_table(
        "instruments",
        _key("instrument_id"),
        *(sa.Column(name, sa.Text(), nullable=False) for name in _INSTRUMENT_TEXTS),
        *(sa.Column(name, sa.Numeric(), nullable=False) for name in _INSTRUMENT_NUMBERS),
        sa.Column("delists_at", sa.DateTime(timezone=True)),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False, server_default=""),
        schema="trading",
    )
    for name, numbers in _SERIES.items():
        op.create_table(
            name,
            _key("instrument_id"),
            _key("at"),
            *(sa.Column(number, sa.Numeric(), nullable=False) for number in numbers),
            sa.Column("run_id", sa.Text(), nullable=False, server_default=""),
            _written_at("written_at"),
            schema="trading",
        )


def downgrade() -> None:
    """Drop them."""
    for name in _SERIES:
        op.drop_table(name, schema="trading")
    op.drop_table("instruments", schema="trading")
    op.drop_table("tickers", schema="trading")

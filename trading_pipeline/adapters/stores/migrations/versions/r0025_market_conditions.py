"""What stands between bars has tables of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

_NUMBERS = ("last_price", "bid_price", "ask_price", "mark_price", "index_price", "funding_rate")


def _key(name: str) -> sa.Column[object]:
    kind = sa.DateTime(timezone=True) if name == "at" else sa.Text()
    return sa.Column(name, kind, primary_key=True)


def _received_at() -> sa.Column[object]:
    return sa.Column(
        "received_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.clock_timestamp()
    )


def upgrade() -> None:
    """Create them; of what was before nobody kept a record."""
    op.create_table(
        "tickers",
        _key("instrument_id"),
        _key("at"),
        *(sa.Column(name, sa.Numeric(), nullable=False) for name in _NUMBERS),
        sa.Column("next_funding_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("open_interest", sa.Numeric(), nullable=False),
        _received_at(),
        schema="trading",
    )
    op.create_index("tickers_by_time", "tickers", ["at"], schema="trading", postgresql_using="brin")


def downgrade() -> None:
    """Drop them."""
    op.drop_table("tickers", schema="trading")

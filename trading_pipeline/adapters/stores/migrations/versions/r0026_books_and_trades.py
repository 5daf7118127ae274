"""Whole order books and public trades have tables, for research that looks inside a bar."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Create both."""
    op.create_table(
        "book_snapshots",
        sa.Column("instrument_id", sa.Text(), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), primary_key=True),
        sa.Column("update_id", sa.BigInteger(), nullable=False),
        sa.Column("bids", JSONB(), nullable=False),
        sa.Column("asks", JSONB(), nullable=False),
        _received_at(),
        schema="trading",
    )
    op.create_table(
        "public_trades",
        sa.Column("instrument_id", sa.Text(), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), primary_key=True),
        sa.Column("trade_id", sa.Text(), primary_key=True),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("price", sa.Numeric(), nullable=False),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        _received_at(),
        schema="trading",
    )
    for name in ("book_snapshots", "public_trades"):
        op.create_index(f"{name}_by_time", name, ["at"], schema="trading", postgresql_using="brin")


def downgrade() -> None:
    """Drop both."""
    op.drop_table("public_trades", schema="trading")
    op.drop_table("book_snapshots", schema="trading")


def _received_at() -> sa.Column[object]:
    return sa.Column(
        "received_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.clock_timestamp()
    )

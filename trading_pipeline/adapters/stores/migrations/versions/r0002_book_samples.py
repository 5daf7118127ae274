"""What the order book says at a close, and what a plan asks of the moment it is entered."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create ``book_samples``; plans made before have no guards."""
    op.create_table(
        "book_samples",
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("close_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("book_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("spread_bps", sa.Numeric(), nullable=False),
        sa.Column("depth_usdt", sa.Numeric(), nullable=False),
        sa.Column("imbalance_signed", sa.Numeric(), nullable=False),
        sa.Column("microprice_bps", sa.Numeric(), nullable=False),
        sa.Column(
            "received_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("symbol", "close_time"),
        schema="trading",
    )
    op.add_column("trade_plans", sa.Column("guards", postgresql.JSONB(), nullable=True), schema="trading")


def downgrade() -> None:
    """Drop both."""
    op.drop_column("trade_plans", "guards", schema="trading")
    op.drop_table("book_samples", schema="trading")

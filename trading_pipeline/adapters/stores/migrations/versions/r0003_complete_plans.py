"""Plans carry their next-bar rule, what their size follows from, and the setup behind them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns; of plans already stored they are unknown and stay NULL."""
    document = postgresql.JSONB(astext_type=sa.Text())
    op.add_column("trade_plans", sa.Column("next_bar_rule", document), schema="trading")
    op.add_column("trade_plans", sa.Column("sizing", document), schema="trading")
    op.add_column("trade_plans", sa.Column("setup_id", sa.Text()), schema="trading")


def downgrade() -> None:
    """Drop the columns."""
    for name in ("setup_id", "sizing", "next_bar_rule"):
        op.drop_column("trade_plans", name, schema="trading")

"""A plan may be entered at several prices: what it says about those beside the first."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    """Add the column; the plans that are stored have one entry."""
    op.add_column("trade_plans", sa.Column("levels", JSONB(), nullable=False, server_default="[]"), schema="trading")


def downgrade() -> None:
    """Drop the column; levels that rest stay orders of their plans."""
    op.drop_column("trade_plans", "levels", schema="trading")

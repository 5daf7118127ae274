"""What the venue was asked for and does not have."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0018"


def upgrade() -> None:
    """Add the table; holes of before are asked for again and confirmed by the next runs."""
    op.create_table(
        "absent_bars",
        sa.Column("instrument_id", sa.Text(), primary_key=True),
        sa.Column("timeframe", sa.Text(), primary_key=True),
        sa.Column("open_time", sa.DateTime(timezone=True), primary_key=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_again_at", sa.DateTime(timezone=True)),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False, server_default=""),
        schema="trading",
    )


def downgrade() -> None:
    """Drop it; every hole bars its window again."""
    op.drop_table("absent_bars", schema="trading")

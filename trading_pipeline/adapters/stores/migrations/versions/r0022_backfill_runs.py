"""Who loaded which history, from where, and what came of it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Create the table; of what was loaded before nobody kept a record."""
    op.create_table(
        "backfill_runs",
        sa.Column("run_id", sa.Text(), primary_key=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("instrument_id", sa.Text(), nullable=False),
        sa.Column("timeframe", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("upserts", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("pages", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("truncated", sa.Boolean(), nullable=False, server_default="false"),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.clock_timestamp()),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("params", JSONB(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False, server_default=""),
        schema="trading",
    )
    op.create_index("backfill_runs_by_time", "backfill_runs", ["started_at"], schema="trading")


def downgrade() -> None:
    """Drop it."""
    op.drop_table("backfill_runs", schema="trading")

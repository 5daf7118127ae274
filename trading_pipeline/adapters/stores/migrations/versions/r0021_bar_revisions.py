"""What bars said before they were told otherwise or mended, and what was noticed about market data."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Add the tables; what was told otherwise or would have been noticed before was not kept."""
    op.create_table(
        "bar_revisions",
        sa.Column("revision_id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("instrument_id", sa.Text(), nullable=False),
        sa.Column("timeframe", sa.Text(), nullable=False),
        sa.Column("open_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("was", JSONB()),
        sa.Column("became", JSONB(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("command_id", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.clock_timestamp()),
        sa.Column("run_id", sa.Text(), nullable=False, server_default=""),
        schema="trading",
    )
    op.create_index(
        "bar_revisions_by_bar", "bar_revisions", ["instrument_id", "timeframe", "open_time"], schema="trading"
    )
    op.create_table(
        "quality_events",
        sa.Column("event_id", sa.Text(), primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("instrument_id", sa.Text()),
        sa.Column("timeframe", sa.Text()),
        sa.Column("close_time", sa.DateTime(timezone=True)),
        sa.Column("detail", JSONB(), nullable=False),
        sa.Column("told_apart_by", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.clock_timestamp()),
        sa.Column("run_id", sa.Text(), nullable=False, server_default=""),
        schema="trading",
    )
    op.create_index("quality_events_by_time", "quality_events", ["at"], schema="trading")


def downgrade() -> None:
    """Drop them; mended bars stay as any source's."""
    op.drop_table("quality_events", schema="trading")
    op.drop_table("bar_revisions", schema="trading")

"""What bars said before they were told otherwise or mended."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Add the table; what was told otherwise before was not kept."""
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


def downgrade() -> None:
    """Drop it; mended bars stay as any source's."""
    op.drop_table("bar_revisions", schema="trading")

"""Alerts are kept, so that somebody who was not there can see what the operator was told."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0033"


def upgrade() -> None:
    """Add the table; what was told before stands in the logs alone."""
    op.create_table(
        "notifications",
        sa.Column("notification_id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.clock_timestamp()),
        schema="trading",
    )
    op.create_index("notifications_by_time", "notifications", ["told_at", "notification_id"], schema="trading")
    op.execute(
        "CREATE TRIGGER notifications_append_only BEFORE UPDATE OR DELETE ON trading.notifications "
        "FOR EACH ROW EXECUTE FUNCTION trading.refuse_change()"
    )


def downgrade() -> None:
    """Drop it; what was told is in the logs."""
    op.drop_table("notifications", schema="trading")

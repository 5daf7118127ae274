"""A difference is one row with a life, and not one more row with each minute that it stands."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"

_KEY = ["account_id", "instrument_id", "kind", "subject"]


def upgrade() -> None:
    """Give rows a life; of those before, nobody knows how long they stood, so they end where they were found."""
    op.rename_table("reconciliation_differences", "reconciliation_log", schema="trading")
    for column in (
        sa.Column("subject", sa.Text(), nullable=False, server_default=""),
        sa.Column("last_seen_at", sa.DateTime(timezone=True)),
        sa.Column("sightings", sa.BigInteger(), nullable=False, server_default="1"),
        sa.Column("gone_at", sa.DateTime(timezone=True)),
        sa.Column("gone_run_id", sa.Text(), nullable=False, server_default=""),
    ):
        op.add_column("reconciliation_log", column, schema="trading")
    op.execute("UPDATE trading.reconciliation_log SET last_seen_at = found_at, gone_at = found_at")
    op.alter_column("reconciliation_log", "last_seen_at", nullable=False, schema="trading")
    op.create_index(
        "reconciliation_log_standing",
        "reconciliation_log",
        _KEY,
        unique=True,
        schema="trading",
        postgresql_where=sa.text("gone_at IS NULL"),
    )


def downgrade() -> None:
    """Take the life away; rows stay, one for each difference."""
    op.drop_index("reconciliation_log_standing", "reconciliation_log", schema="trading")
    for column in ("subject", "last_seen_at", "sightings", "gone_at", "gone_run_id"):
        op.drop_column("reconciliation_log", column, schema="trading")
    op.rename_table("reconciliation_log", "reconciliation_differences", schema="trading")

"""A wave knows which raw bars it was computed of, so that the next one computes only what came since."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add the columns; the default comes after, as it would give every stored row the migration's transaction."""
    op.add_column("raw_bars", sa.Column("heard_in", sa.BigInteger()), schema="trading")
    op.alter_column(
        "raw_bars", "heard_in", server_default=sa.text("((pg_current_xact_id())::text)::bigint"), schema="trading"
    )
    op.create_index("raw_bars_by_transaction", "raw_bars", ["heard_in"], schema="trading")
    for column in ("heard", "decided_by"):
        op.add_column("waves", sa.Column(column, sa.Text()), schema="trading")


def downgrade() -> None:
    """Drop them."""
    for column in ("heard", "decided_by"):
        op.drop_column("waves", column, schema="trading")
    op.drop_index("raw_bars_by_transaction", "raw_bars", schema="trading")
    op.drop_column("raw_bars", "heard_in", schema="trading")

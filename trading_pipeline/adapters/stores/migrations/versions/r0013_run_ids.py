"""Every row that a run wrote leads back to it."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_TABLES = (
    "raw_bars",
    "bars",
    "listings",
    "data_checks",
    "indicator_snapshots",
    "signals",
    "setups",
    "triggers",
    "pivots",
    "fills",
    "positions",
    "equity_snapshots",
    "halts",
)


def upgrade() -> None:
    """Add the columns; of what is stored nobody remembers the run."""
    for table in _TABLES:
        op.add_column(table, sa.Column("run_id", sa.Text(), nullable=False, server_default=""), schema="trading")


def downgrade() -> None:
    """Drop them."""
    for table in _TABLES:
        op.drop_column(table, "run_id", schema="trading")

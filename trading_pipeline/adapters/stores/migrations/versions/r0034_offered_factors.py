"""Whoever sets up a second factor has it offered first, and in use once its first code came.

Secrets that stand in the clear are sealed by `trading-pipeline migrate`, which has the key; a schema has none.
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"

_COLUMNS = (
    sa.Column("offered_secret", sa.Text(), nullable=False, server_default=""),
    sa.Column("offered_at", sa.DateTime(timezone=True), nullable=True),
)


def upgrade() -> None:
    """Add the columns."""
    for column in _COLUMNS:
        op.add_column("users", column, schema="trading")


def downgrade() -> None:
    """Take them away."""
    for column in _COLUMNS:
        op.drop_column("users", column.name, schema="trading")
